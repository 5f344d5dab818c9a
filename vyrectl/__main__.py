"""`python -m vyrectl`."""

from vyrectl.cli.start import start

start()
