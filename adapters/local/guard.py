"""Who gets in: the studio answers only its own page, in a browser that opened the printed link.

Other pages in the same browser can reach this server too, and a name they control may point here (DNS rebinding). So
the Host must be one of ours, whatever changes something must come from our own page, and everything needs the cookie
that the one-time link was exchanged for. That cookie is never sent along with what other sites start (SameSite).
"""

from __future__ import annotations

import hmac
import os
import secrets
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

from aiohttp import web

from adapters.local import words

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
SECRET_FILE = "studio.session"
COOKIE_SECONDS = 180 * 24 * 3600
CHANGES_NOTHING = frozenset({"GET", "HEAD"})
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class TurnedAway(Exception):
    """A request that gets no answer but why; `title` and `how` are catalogue sentences."""

    def __init__(self, status: int, title: str, how: str) -> None:
        """`status` is HTTP's, `how` says what the person can do."""
        super().__init__(title)
        self.status = status
        self.title = title
        self.how = how


class ComeBack(Exception):
    """Somebody followed a link on another site to here, so the browser kept the cookie back: let the page ask again."""


class Guard:
    """Checks every request before anything else sees it."""

    def __init__(self, *, secret: str, hosts: Iterable[str], public: Iterable[str]) -> None:
        """`secret` is what the cookie holds, `hosts` names allowed beside loopback, `public` paths open to anybody."""
        self.token = secrets.token_urlsafe(24)
        """What the printed link carries; good for one browser."""
        self._used = False
        self._secret = secret
        self._hosts = LOOPBACK | {host.lower() for host in hosts}
        self._public = frozenset(public)

    @web.middleware
    async def check(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Let a request through to `handler`. Raises TurnedAway, ComeBack, and the redirect that ends the link."""
        if _without_port(request.host) not in self._hosts:
            raise TurnedAway(421, words.OTHER_HOST, words.OTHER_HOST_HOW)
        if request.path in self._public:
            return await handler(request)
        if not self._has_cookie(request):
            if "token" in request.query:
                self._enter(request)
            if request.path == "/" and request.headers.get("Sec-Fetch-Site") == "cross-site":
                raise ComeBack
            raise TurnedAway(401, words.NO_LINK, words.NO_LINK_HOW)
        if request.method not in CHANGES_NOTHING and not _from_own_page(request):
            raise TurnedAway(403, words.OTHER_PAGE, words.OTHER_PAGE_HOW)
        if "token" in request.query:
            raise web.HTTPSeeOther("/")
        return await handler(request)

    def _has_cookie(self, request: web.Request) -> bool:
        return _same(request.cookies.get(_cookie(request), ""), self._secret)

    def _enter(self, request: web.Request) -> None:
        if not _same(request.query["token"], self.token):
            return
        if self._used:
            raise TurnedAway(401, words.USED_LINK, words.USED_LINK_HOW)
        self._used = True
        inside = web.HTTPSeeOther("/")
        inside.set_cookie(
            _cookie(request), self._secret, max_age=COOKIE_SECONDS, httponly=True, samesite="Strict", path="/"
        )
        raise inside


async def add_headers(_request: web.Request, response: web.StreamResponse) -> None:
    """Put the protective headers on every answer, errors included."""
    response.headers.update(HEADERS)


def session_secret(data_dir: Path) -> str:
    """Return this studio's cookie secret, made on the first start and kept so that open pages outlive a restart."""
    path = data_dir / SECRET_FILE
    fresh = secrets.token_urlsafe(32)
    if path.exists():
        path.chmod(0o600)
        kept = path.read_text("ascii", errors="replace").strip()
        if len(kept) == len(fresh):
            return kept
        path.unlink()  # cut off while it was written
    data_dir.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(fresh)
    return fresh


def _without_port(host: str) -> str:
    name, _, port = host.lower().rpartition(":")
    return name if port.isdecimal() else host.lower()


def _from_own_page(request: web.Request) -> bool:
    own = request.host.lower()
    return request.headers.get("Origin", "").lower() in (f"http://{own}", f"https://{own}")


def _same(given: str, secret: str) -> bool:
    return hmac.compare_digest(given.encode(errors="replace"), secret.encode())


def _cookie(request: web.Request) -> str:
    """Cookies do not tell ports apart, so the name does: several studios may run on one machine."""
    _, _, port = request.host.rpartition(":")
    return f"easel-studio-{port if port.isdecimal() else 'plain'}"
