"""Is this machine ready, and if not, what to type."""
