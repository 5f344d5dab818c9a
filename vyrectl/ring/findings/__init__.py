"""What `check` can find: its kinds (`kinds`), how they are found (`masks`, `likeness`), what was found (`report`)."""
