"""The command line: commands parse, call the library and hand a record to a view; only `output` writes."""
