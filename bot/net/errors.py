"""What can go wrong on the way to an engine and back. Not BotErrors: an engine turns them into its own words.

NetError
├── NotReached        surely nothing was taken: the request may be made again, also elsewhere
│   └── NotAllowed    the guard refused the address
├── Broken            it was, or may have been, sent, and no whole answer came: whether it was done is unknown
├── TooLong           the answer is over its cap; reading was stopped
└── Malformed         an answer came, and it cannot be understood
"""

from __future__ import annotations

_LONGEST = 500
"""Characters of a detail: it may quote what a server sent."""


class NetError(Exception):
    """Something between here and the engine; raised as one of the classes below."""

    def __init__(self, detail: str) -> None:
        """`detail` is for logs: the address without its query and what happened, never a header."""
        self.detail = detail[:_LONGEST]
        super().__init__(self.detail)


class NotReached(NetError):
    """Nothing was sent: name not found, refused, TLS failed, connecting took too long."""


class NotAllowed(NotReached):
    """The address, or one the name stands for, may not be reached by what this guard was told."""


class Broken(NetError):
    """The request was begun and no whole answer came: timeout, dropped, short body, not HTTP."""


class TooLong(NetError):
    """The answer is over the cap."""


class Malformed(NetError):
    """A content-encoding that was not asked for, JSON that is none, base64 that is none."""
