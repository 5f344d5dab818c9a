"""From records to what a terminal shows; one module per command.

Views compute nothing about rings and print nothing.
"""
