"""A launch of a file, survived by its command: the supervisor, the child that drives the device, other processes."""
