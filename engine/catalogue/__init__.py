"""Which checkpoints there are and how each must be driven: plain records and files, importable in milliseconds."""
