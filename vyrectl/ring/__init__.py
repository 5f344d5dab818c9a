"""Ring files: map, replace and lock them, choose slots, edit them, make them from tables or a seed."""
