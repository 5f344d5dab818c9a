"""What `check` can find: its kinds (`kinds`), masks that find slots (`masks`), what bytes look like (`likeness`)."""
