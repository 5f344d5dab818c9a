"""One page about rings for somebody else: what is gathered (`gather`), drawn (`charts`) and written (`page`)."""
