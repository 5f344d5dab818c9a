"""One ring on many devices: cut into shards, worked off by whoever is free, merged, and saved once."""
