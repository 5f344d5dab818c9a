"""Forms of the tests that take minutes; `python -m tests.long` lists them."""
