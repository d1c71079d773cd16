"""Bytes that come in pieces and end as one whole, without ever being there twice."""

from __future__ import annotations

import io

_SMALL = 256 * 1024
_RESERVED = 33 * 1024 * 1024


class Growing:
    """A buffer that costs what was written to it, and is not copied however large it grows.

    An ordinary one is moved to a larger place again and again, and each time both are in memory. This one moves once,
    while it is small, to more than malloc ever serves from its own heap (32 MiB). That is fresh pages of the system:
    those never touched take no memory, and growing and cutting moves page tables, not bytes.
    """

    def __init__(self) -> None:
        self._buffer = io.BytesIO()
        self._large = False

    def __len__(self) -> int:
        return self._buffer.tell()

    def write(self, piece: bytes) -> None:
        """Append a piece."""
        if not self._large and len(self) + len(piece) > _SMALL:
            small = self._buffer.getvalue()
            self._buffer = io.BytesIO(bytes(_RESERVED))
            self._buffer.write(small)
            self._large = True
        self._buffer.write(piece)

    def whole(self) -> bytes:
        """Return everything written; nothing may be written afterwards."""
        self._buffer.truncate()
        return self._buffer.getvalue()
