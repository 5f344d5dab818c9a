"""This repository's own checks and generated files; run `python -m vyrectl.devtools --help` in a checkout.

Nothing that users run needs it. It stands above every other layer and may import all of them.
"""
