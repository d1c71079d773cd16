"""Letting Easel in with what it needs, and looking whether it works."""

from __future__ import annotations

import base64
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import discord
import pytest
import yarl

from adapters.discord.checkup import check
from adapters.discord.invite import link
from adapters.discord.permissions import REQUIRED, missing
from bot.config import Config, load
from bot.errors import ConfigError
from tests.support.discord.launch import redirected
from tests.support.discord.server import LocalDiscord, serving


def _token(id_: str) -> str:
    return f"{base64.urlsafe_b64encode(id_.encode()).decode().rstrip('=')}.GabcDE.abc-def_ghi"


def test_the_invite_asks_for_what_is_needed_and_no_more() -> None:
    url = yarl.URL(link(_token("1234567890123456789")))
    assert url.origin() == yarl.URL("https://discord.com")
    assert dict(url.query) == {
        "client_id": "1234567890123456789",
        "scope": "bot applications.commands",
        "permissions": str(REQUIRED.value),
    }
    granted = discord.Permissions(int(url.query["permissions"]))
    assert {name for name, given in granted if given} == {
        "read_messages",  # as discord.py calls View Channel
        "send_messages",
        "send_messages_in_threads",
        "attach_files",
        "read_message_history",
    }


@pytest.mark.parametrize("token", ["", " ", "s3cret", "a.b.c", _token("12"), _token("name"), "MTIz*.a.b", "é.a.b"])
def test_what_is_no_token_makes_no_link_and_is_not_repeated(token: str) -> None:
    with pytest.raises(ConfigError) as caught:
        link(token)
    (problem,) = caught.value.problems
    assert problem.startswith("discord.token: ")
    assert "EASEL_DISCORD__TOKEN" in problem
    if token.strip():
        assert token not in problem


def test_permissions_are_named_one_after_the_other() -> None:
    assert missing(discord.Permissions.none(), thread=False) == "View Channel"
    assert missing(REQUIRED, thread=False) is missing(REQUIRED, thread=True) is None
    only_threads = discord.Permissions(REQUIRED.value)
    only_threads.send_messages = False
    assert (missing(only_threads, thread=False), missing(only_threads, thread=True)) == ("Send Messages", None)


@pytest.fixture(params=[True, False])
async def portal(request: pytest.FixtureRequest) -> AsyncIterator[LocalDiscord]:
    """Discord with the message content intent switched on, and off."""
    async with serving(message_content=request.param) as server:
        with redirected(server):
            yield server


async def test_the_check_says_who_it_is_and_what_it_reads(
    portal: LocalDiscord, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    reads = portal.application.flags != 0
    portal.guild("Painters")
    with caplog.at_level(logging.INFO):
        found = await check(_config(tmp_path, portal.token))
    assert [each.message for each in caplog.records if each.name.startswith("discord")] == []  # nothing but its line
    assert (found.ok, found.part) == (True, "discord")
    assert "Easel" in found.sentence
    assert "in 1 server" in found.sentence
    assert ("developer portal" in found.sentence) is not reads
    assert portal.token not in found.sentence


async def test_the_check_tells_a_wrong_token(portal: LocalDiscord, tmp_path: Path) -> None:
    found = await check(_config(tmp_path, "wrong"))
    assert not found.ok
    assert "EASEL_DISCORD__TOKEN" in found.sentence
    assert "Reset Token" in found.sentence


async def test_the_check_when_discord_is_not_there(portal: LocalDiscord, tmp_path: Path) -> None:
    await portal.stop()
    found = await check(_config(tmp_path, portal.token))
    assert not found.ok
    assert "can't be reached" in found.sentence


# ── support ───────────────────────────────────────────────────────────────────────────────────────────────────────────
def _config(folder: Path, token: str) -> Config:
    return load(None, {"EASEL_DATA_DIR": str(folder), "EASEL_DISCORD__TOKEN": token})
