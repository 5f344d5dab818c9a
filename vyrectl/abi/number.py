"""How a whole number is written wherever a text holds one: decimal, or hexadecimal after 0x. Standard library only.

The invariant: ASCII digits and nothing else between them. Python's other spellings (0b1, 0o7, 1_000, digits of other
scripts) are no numbers here, so that a number means the same in every option, condition, table and file.
"""

from __future__ import annotations

import re

_NUMBER = re.compile(r"(-?)(?:0[xX]([0-9a-fA-F]{1,64})|([0-9]{1,80}))", re.ASCII)


def parse_whole(text: str) -> int | None:
    """The number that a text is, blanks around it left aside; None for any other text.

    A minus is read, so that who refuses it can say which bound it breaks.
    """
    match = _NUMBER.fullmatch(text.strip(" \t\r\n"))
    if match is None:
        return None
    minus, digits, decimal = match.groups()
    value = int(decimal) if digits is None else int(digits, 16)
    return -value if minus else value
