"""A real Easel process and a person in its studio, over HTTP."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import sys
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol, Self

import aiohttp
import sqlalchemy as sa

ROOT = Path(__file__).parent.parent.parent
READY = "Easel is ready"


def write_config(folder: Path, port: Callable[[], int], *, seconds: float = 0, more: str = "") -> Path:
    """Write a configuration with the studio and the demo engine and return its path."""
    path = folder / "config.toml"
    path.write_text(
        f"[local]\nport = {port()}\n[http]\nport = {port()}\n"
        f'[engines.demo]\ntype = "demo"\nparams = {{ seconds = {seconds} }}\n{more}',
        "utf-8",
    )
    return path


def rows_at(url: str, query: str) -> list[tuple[Any, ...]]:
    """Ask a database, `sqlite:///…` that no process uses or `postgresql://…`."""
    engine = sa.create_engine(sa.make_url(url.replace("postgresql:", "postgresql+psycopg:", 1)))
    try:
        with engine.begin() as connection:
            return [tuple(row) for row in connection.execute(sa.text(query))]
    finally:
        engine.dispose()


async def end_leases(url: str) -> None:
    """Let the leases run out that a dead process left on PostgreSQL; on SQLite nobody waits for that.

    Its sessions are known by the `application_name` in its address: what it had said last may still be carried out.
    """
    if not url.startswith("postgresql"):
        return
    name = sa.make_url(url).query.get("application_name", "easel")
    sessions = f"select pid from pg_stat_activity where datname = current_database() and application_name = '{name}'"
    async with asyncio.timeout(60):
        while await asyncio.to_thread(rows_at, url, f"{sessions} and pid <> pg_backend_pid()"):
            await asyncio.sleep(0.01)
    rows_at(url, "update jobs set lease = 0 where owner is not null returning id")


def rows(folder: Path, query: str) -> list[tuple[Any, ...]]:
    """Read the database of a process that is not running."""
    connection = sqlite3.connect(folder / "data" / "easel.db")
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


class Running(Protocol):
    """A process that serves the studio."""

    address: str


class Process:
    """`easel run` on a configuration file. Started by `started`."""

    def __init__(self, process: asyncio.subprocess.Process, address: str) -> None:
        """Use `started`."""
        self._process = process
        self.address = address

    @classmethod
    async def start(cls, config: Path, environ: Mapping[str, str] = MappingProxyType({})) -> Self:
        """Start with these variables added to the environment, and wait until it serves."""
        with (config.parent / "log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "bot",
                "--config",
                str(config),
                "run",
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                cwd=ROOT,
                env={
                    **os.environ,
                    **environ,
                    "PYTHONPATH": os.pathsep.join([str(ROOT), environ.get("PYTHONPATH", "")]),
                },
            )
        assert process.stdout is not None
        async for line in process.stdout:
            if line.startswith(READY.encode()):
                return cls(process, line.decode().removeprefix(READY).strip(" :.\n"))
        raise AssertionError(f"Easel did not start:\n{(config.parent / 'log').read_text()[-3000:]}")

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process.returncode is None

    async def died(self) -> int:
        """Wait for its end and return the exit code; negative is a signal."""
        return await asyncio.wait_for(self._process.wait(), 60)

    async def kill(self) -> None:
        """Kill it with SIGKILL and wait until it is gone."""
        if self.alive:
            self._process.kill()
        await self.died()

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    async def stop(self) -> int:
        """Ask it to stop as a service manager does; return the exit code."""
        self.send(signal.SIGTERM)
        return await self.died()


@asynccontextmanager
async def started(config: Path, environ: Mapping[str, str] = MappingProxyType({})) -> AsyncIterator[Process]:
    """Run an Easel process until the block ends."""
    process = await Process.start(config, environ)
    try:
        yield process
    finally:
        await process.kill()


class Visitor:
    """A person with the studio open. The cookie outlives restarts of the process."""

    def __init__(self) -> None:
        """Not let in yet."""
        self._session = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))
        self._root = ""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def open(self, process: Running) -> None:
        """Follow the link a process printed."""
        self._root = process.address.partition("/?")[0]
        async with self._session.get(process.address) as answer:
            assert answer.status == 200, await answer.text()

    async def say(
        self, text: str, *, id: str = "", reply_to: int | None = None, files: tuple[tuple[str, bytes], ...] = ()
    ) -> Any:
        """Send a message and return it as the page would show it; with the same `id` it is the same message."""
        form = aiohttp.FormData({"id": id or uuid.uuid4().hex, "text": text}, default_to_multipart=True)
        if reply_to is not None:
            form.add_field("reply_to", str(reply_to))
        for name, data in files:
            form.add_field("file", data, filename=name)
        headers = {"Origin": self._root}
        async with self._session.post(f"{self._root}/api/messages", data=form, headers=headers) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()

    async def messages(self) -> list[Any]:
        """Return all messages, oldest first."""
        found: list[Any] = []
        more = True
        while more:
            before = {"before": found[0]["id"]} if found else {}
            async with self._session.get(f"{self._root}/api/messages", params=before) as answer:
                page = await answer.json()
            found[:0] = page["messages"]
            more = page["more"]
        return found

    async def picture(self, picture: str) -> bytes:
        """Return a picture's bytes."""
        async with self._session.get(f"{self._root}/api/pictures/{picture}") as answer:
            assert answer.status == 200, await answer.text()
            return await answer.read()

    async def answer_to(self, message: int, *, seconds: float = 30) -> Any:
        """Wait for Easel's message that answers this one, and return it."""
        async with asyncio.timeout(seconds):
            while True:
                for each in await self.messages():
                    if each["by"] == "easel" and each["quote"] and each["quote"]["message"] == message:
                        return each
                await asyncio.sleep(0.05)
