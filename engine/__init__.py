"""Makes pixels. Knows neither Qt nor the database; only `engine.contract` is imported by others."""
