"""Getting models and keeping them: from the hub or the user's disk into the registry. No torch, no Qt."""
