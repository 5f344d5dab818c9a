"""How the names of files end that vyrectl makes beside rings and outputs; loaded by every command.

Standard library only. The invariant: a name says it alone, nothing is looked at.
"""

from __future__ import annotations

import re

SIDE_FILE = re.compile(r"\.(?:lock|live|(?:partial|bak)(?:\.[0-9]+)?)$")
