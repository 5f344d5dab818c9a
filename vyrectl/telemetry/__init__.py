"""What a queue looks like: snapshots (spec 1.7) from a ring's bytes or from a slot array."""
