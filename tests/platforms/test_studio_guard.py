"""Who gets into the studio, and what protects those who are in."""

from __future__ import annotations

import re
import stat
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import aiohttp
import pytest

from adapters.local import words
from adapters.local.guard import SECRET_FILE, session_secret
from bot.errors import ConfigError
from tests.support.studio import Guest, Studio, serving


@pytest.fixture
async def stranger() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        yield session


async def test_the_link_works_once_and_leaves_no_trace_in_the_address(
    studio: Studio, stranger: aiohttp.ClientSession
) -> None:
    async with stranger.get(studio.platform.address, allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (303, "/")
        cookie = answer.headers["Set-Cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
    async with stranger.get(studio.root) as answer:
        assert answer.status == 200
        assert "<textarea" in await answer.text()
    async with stranger.get(studio.platform.address) as answer:  # by somebody who is in: no harm
        assert (answer.status, str(answer.url)) == (200, f"{studio.root}/")
    async with aiohttp.ClientSession() as other, other.get(studio.platform.address) as answer:
        assert answer.status == 401
        assert words.USED_LINK in await answer.text()
        assert "Set-Cookie" not in answer.headers


async def test_nothing_is_told_without_the_cookie(studio: Studio, stranger: aiohttp.ClientSession) -> None:
    pages = ("/", "/assets/main.js", "/nowhere", "/?token=x")
    for path in (*pages, "/api/session", "/api/events", "/api/messages", "/api/pictures/abc"):
        async with stranger.get(studio.root + path) as answer:
            assert answer.status == 401, path
            assert words.NO_LINK_HOW in await answer.text()


async def test_who_stays_outside_reads_why_in_their_language(studio: Studio, stranger: aiohttp.ClientSession) -> None:
    async with stranger.get(studio.root, headers={"Accept-Language": "fr,zh-TW;q=0.9,en;q=0.5"}) as answer:
        text = await answer.text()
    assert 'lang="zh-TW"' in text
    assert studio.parts.easel.say("zh-TW", words.NO_LINK_HOW) in text
    for path in re.findall(r'(?:src|href)="([^"]+)"', text):
        async with stranger.get(studio.root + path) as answer:
            assert answer.status == 200, path


async def test_a_link_from_another_site_comes_back_by_itself(studio: Studio, stranger: aiohttp.ClientSession) -> None:
    async with stranger.get(studio.root, headers={"Sec-Fetch-Site": "cross-site"}) as answer:
        assert answer.status == 200
        assert 'http-equiv="refresh" content="0;url=/"' in await answer.text()


OURS = ("localhost:{port}", "LOCALHOST", "127.0.0.1", "[::1]:{port}", "studio.home.arpa:80")
FOREIGN = ("evil.example:{port}", "127.0.0.1.evil.example", "localhost.", "10.0.0.1:{port}", "home.arpa")


async def test_only_names_of_ours_are_answered(tmp_path: Path, stranger: aiohttp.ClientSession) -> None:
    async with serving(tmp_path, EASEL_LOCAL__HOSTS='["Studio.home.arpa"]') as studio:
        port = studio.root.rpartition(":")[2]
        for host in (*OURS, *FOREIGN):
            headers = {"Host": host.format(port=port)}
            async with stranger.get(f"{studio.root}/assets/mark.svg", headers=headers) as answer:
                assert answer.status == (200 if host in OURS else 421), host


async def test_other_pages_change_nothing(studio: Studio) -> None:
    async with Guest.of(studio) as guest:
        for origin in ("http://evil.example", "null", "http://127.0.0.1:1", "https://127.0.0.1", ""):
            for method, path in (
                ("POST", "/api/messages"),
                ("DELETE", "/api/messages/1"),
                ("POST", "/api/messages/1/again"),
                ("POST", "/api/jobs/abc/cancel"),
            ):
                status, answer = await guest.call(method, path, headers={"Origin": origin})
                assert (status, answer["error"]) == (403, words.OTHER_PAGE_HOW), (path, origin)


async def test_every_answer_is_protected(studio: Studio) -> None:
    async with Guest.of(studio) as guest:
        for path in ("/", "/assets/style.css", "/api/session", "/api/events", "/nowhere", "/api/pictures/abc"):
            async with guest.get(path) as answer:
                policy = answer.headers["Content-Security-Policy"]
                assert "default-src 'none'" in policy
                assert "unsafe" not in policy
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
                assert answer.headers["Referrer-Policy"] == "no-referrer"
                assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"


async def test_the_cookie_outlives_a_restart(tmp_path: Path, free_port: Callable[[], int]) -> None:
    port = str(free_port())
    async with serving(tmp_path, EASEL_LOCAL__PORT=port) as studio, Guest.of(studio) as guest:
        await studio.platform.aclose()
        async with serving(tmp_path / "other", EASEL_LOCAL__PORT=port) as other:
            assert (await guest.call("GET", "/api/session"))[0] == 401  # another studio with another secret
            assert other.platform.address != studio.platform.address
        (tmp_path / "again").mkdir()
        (tmp_path / SECRET_FILE).rename(tmp_path / "again" / SECRET_FILE)
        async with serving(tmp_path / "again", EASEL_LOCAL__PORT=port):
            assert (await guest.call("GET", "/api/session"))[0] == 200


def test_the_secret_is_for_nobody_else_to_read(tmp_path: Path) -> None:
    secret = session_secret(tmp_path)
    path = tmp_path / SECRET_FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o644)
    assert session_secret(tmp_path) == secret
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.write_text(secret[:10])  # as a crash while writing leaves it
    assert len(session_secret(tmp_path)) == len(secret)


async def test_a_port_in_use_is_named(studio: Studio, tmp_path: Path) -> None:
    port = studio.root.rpartition(":")[2]
    with pytest.raises(ConfigError, match=rf"local\.port.*{port}.*EASEL_LOCAL__PORT"):
        async with serving(tmp_path / "other", EASEL_LOCAL__PORT=port):
            pass
