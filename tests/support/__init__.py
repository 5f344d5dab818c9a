"""What the tests of several folders share: ids of operations, small rings."""
