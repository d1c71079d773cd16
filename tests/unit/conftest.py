"""What several unit tests begin with: a database, a clock that stands still, a conversation, and the like."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.db.database import Database
from bot.i18n.catalogue import Catalogues
from bot.pictures.sandbox import Sandbox
from tests.support.catalogues import compiled
from tests.support.chat import Chat, chatting
from tests.support.databases import opened_at
from tests.support.jobs import ManualClock
from tests.support.net import PATIENCE_S


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def database(database_url: str, clock: ManualClock) -> AsyncIterator[Database]:
    async with opened_at(database_url, clock) as database:
        yield database


@pytest.fixture
async def chat(tmp_path: Path) -> AsyncIterator[Chat]:
    async with chatting(tmp_path) as chat:
        yield chat


@pytest.fixture(scope="module")
def catalogues(tmp_path_factory: pytest.TempPathFactory) -> Catalogues:
    """The catalogues of the sources, compiled now."""
    return compiled(tmp_path_factory.mktemp("locales"))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def connections_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let clients keep connections for as long as a test may take."""
    monkeypatch.setattr("bot.net.connections.KEEPALIVE_S", 2 * PATIENCE_S)
