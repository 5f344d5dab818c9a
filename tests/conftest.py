"""What every test shares: Hypothesis runs the same examples each time and has no deadline of its own."""

from hypothesis import settings

settings.register_profile("steady", derandomize=True, deadline=None, max_examples=60)
settings.load_profile("steady")
