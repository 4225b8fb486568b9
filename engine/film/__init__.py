"""Latents <-> frames <-> files: decode, encode, posters, filmstrips, export."""
