"""What click makes of a command line: contexts, commands, parameters, and its errors."""

from __future__ import annotations

from typing import Any

Click = Any
"""A context, a command, a parameter or an error of click.

Any: typer keeps a copy of click of its own, under a name that is not public, and older releases of it use click's.
"""

Parsed = Any
"""What a parameter of a command was given. Any: its declaration alone says what that is."""
