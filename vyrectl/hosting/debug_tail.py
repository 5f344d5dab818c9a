"""What a running launch has added to its debug log since the last look. Imports numpy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vyrectl.protocol.debug_log import DebugRecord, read_debug_log


class DebugTail:
    """Remembers how many records of a log were seen."""

    def __init__(self) -> None:
        self._seen = 0

    def news(self, words: NDArray[np.uint32]) -> list[DebugRecord]:
        """Records that were not there at the last look.

        Args:
            words: The whole log, u32.
        """
        records = read_debug_log(words.astype("<u4").tobytes()).records
        news = list(records[self._seen :])
        self._seen = len(records)
        return news
