"""`RING.live`, beside a ring that is worked on in place: its layout and words, and what a dead one means."""
