"""Talking to a running launch: the sidecar, live edits, sessions. Numpy only where it is used."""
