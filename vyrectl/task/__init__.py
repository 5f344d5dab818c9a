"""One task and its lifecycle: records (`item`), the transition table (`lifecycle`), arrays (`arrays`)."""
