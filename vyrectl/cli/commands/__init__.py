"""One module a command: it parses options, calls the library and hands a record to a view."""
