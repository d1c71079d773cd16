"""The AUTOMATIC1111 engine keeps the contract with every server of the family."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.engines.automatic1111.engine import Automatic1111Engine
from bot.engines.testing import EngineContract
from tests.support.automatic1111_dialects import A1111, FORGE, KOBOLD, SDCPP, SDNEXT
from tests.support.automatic1111_engine import connected
from tests.support.automatic1111_server import Automatic1111Server


class TestA1111(EngineContract):
    """The contract, with a password."""

    @pytest.fixture
    async def engine(self) -> AsyncIterator[Automatic1111Engine]:
        async with (
            Automatic1111Server(A1111, auth="me:secret", watched=True) as server,
            connected(server, auth=("me", "secret")) as engine,
        ):
            yield engine


class TestForge(EngineContract):
    """The contract, behind a proxy's path."""

    @pytest.fixture
    async def engine(self) -> AsyncIterator[Automatic1111Engine]:
        async with Automatic1111Server(FORGE, watched=True, prefix="/forge") as server, connected(server) as engine:
            yield engine


class TestSDNext(EngineContract):
    """The contract with JPEG, and progress that names no task."""

    exact_mask = False

    @pytest.fixture
    async def engine(self) -> AsyncIterator[Automatic1111Engine]:
        less = {"upscale": False}
        async with Automatic1111Server(SDNEXT, watched=True) as server, connected(server, corrections=less) as engine:
            yield engine


class TestStableDiffusionCpp(EngineContract):
    """The contract where most routes are missing."""

    @pytest.fixture
    async def engine(self) -> AsyncIterator[Automatic1111Engine]:
        less = {"progress": False, "preview": False, "upscale": False, "describe": False, "cancel": False}
        async with Automatic1111Server(SDCPP) as server, connected(server, corrections=less) as engine:
            yield engine


class TestKoboldCpp(EngineContract):
    """The contract with one picture at a time, and nothing told of it."""

    @pytest.fixture
    async def engine(self) -> AsyncIterator[Automatic1111Engine]:
        less = {"progress": False, "preview": False, "upscale": False, "cancel": False, "max_count": 1}
        async with Automatic1111Server(KOBOLD) as server, connected(server, corrections=less) as engine:
            yield engine
