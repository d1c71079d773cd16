"""What every test lives under: no outside network, a clean environment, and machine needs that are never silent.

With `REQUIRE_ALL=1` (or `CI=true`) a skipped test is a failed one.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import random
import shutil
import socket
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from tests.support.discord import schema
from tests.support.postgres import PostgresServer, running

REQUIRE_ALL = os.environ.get("REQUIRE_ALL") == "1" or os.environ.get("CI") == "true"

pytest.register_assert_rewrite("bot.engines.testing")

# Tests never depend on timing; where all must pass, the examples are the same every time.
hypothesis.settings.register_profile(
    "easel",
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow, hypothesis.HealthCheck.filter_too_much],
    derandomize=REQUIRE_ALL,
)
hypothesis.settings.load_profile("easel")


class OutsideNetwork(RuntimeError):
    """A test tried to reach something that is not on this machine."""


def pytest_configure(config: pytest.Config) -> None:
    """Name the marks."""
    config.addinivalue_line("markers", "both_databases: run once on SQLite and once on PostgreSQL (`database_url`)")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that is marked `both_databases` on both."""
    if "database_url" in metafunc.fixturenames and metafunc.definition.get_closest_marker("both_databases"):
        metafunc.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skip into a failure where everything must run."""
    report = yield
    if REQUIRE_ALL and report.skipped and call.excinfo and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"Skipped, although REQUIRE_ALL or CI is set: {call.excinfo.value}"
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say once that requests to Discord were not compared with Discord's own description."""
    if text := schema.note():
        terminalreporter.write_line(text)


@pytest.fixture(autouse=True, scope="session")
def clean_environment() -> Iterator[None]:
    """Take away what the developer's shell could change: proxies, settings of Easel's own and of PostgreSQL's."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.upper().startswith(("EASEL_", "PG")) or name.lower().endswith("_proxy"):
                patch.delenv(name)
        yield


@pytest.fixture(autouse=True, scope="session")
def no_outside_network() -> Iterator[None]:
    """Let sockets of this process reach this machine only, and look up no other names."""
    connect, connect_ex, getaddrinfo = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def local_connect(self: socket.socket, address: Any) -> None:
        _refuse_outside(self, address)
        connect(self, address)

    def local_connect_ex(self: socket.socket, address: Any) -> int:
        _refuse_outside(self, address)
        return connect_ex(self, address)

    def local_getaddrinfo(host: Any, *args: Any, **options: Any) -> Any:
        if not is_local(host):
            raise OutsideNetwork(f"Tests may not look up {host!r}.")
        return getaddrinfo(host, *args, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", local_connect)
        patch.setattr(socket.socket, "connect_ex", local_connect_ex)
        patch.setattr(socket, "getaddrinfo", local_getaddrinfo)
        yield


def _refuse_outside(sock: socket.socket, address: Any) -> None:
    if sock.family in (socket.AF_INET, socket.AF_INET6) and not is_local(address[0]):
        raise OutsideNetwork(f"Tests may not connect to {address!r}.")


def is_local(host: str | bytes | None) -> bool:
    """Tell whether the host is this machine: loopback, unspecified, or `localhost`."""
    name = host.decode() if isinstance(host, bytes) else host
    if name in (None, "", "localhost"):
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


@pytest.fixture
def free_port() -> Callable[[], int]:
    """Give a function that names a loopback port nobody listens on, another one at each call.

    Below the ports that systems give to outgoing connections: there one may be taken while a process restarts.
    """
    given: set[int] = set()
    chance = random.SystemRandom()

    def find() -> int:
        while True:
            port = chance.randrange(12_000, 32_000)
            with socket.socket() as probe, contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                if port not in given:
                    given.add(port)
                    return port

    return find


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """Give a PostgreSQL server of this test process; skip, or fail, where it is not installed."""
    with running() as server:
        yield server


@pytest.fixture
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Give the address of a database of the test's own: SQLite's, unless the test is marked `both_databases`.

    The one on PostgreSQL is there and at the newest schema, the file of SQLite is made when it is opened.
    """
    if getattr(request, "param", "sqlite") == "sqlite":
        yield f"sqlite:///{tmp_path / 'easel.db'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    with server.database() as url:
        yield url


@pytest.fixture(scope="session")
def chromium() -> dict[str, Any]:
    """Give the arguments for Playwright's `chromium.launch`; skip, or fail, where no browser is installed."""
    names = ("chromium", "chromium-browser", "google-chrome")  # as in scripts/install_for_tests
    path = next(filter(None, map(shutil.which, names)), None)
    if path is None:
        pytest.skip("No Chromium on this machine: run scripts/install_for_tests as root.")
    flags = (
        "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
        "--disable-component-update --disable-sync"
    )
    return {"executable_path": path, "headless": True, "args": flags.split()}
