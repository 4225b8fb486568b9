"""What denoises: transformer, positions, attention, text, VAE, profiles, loading."""
