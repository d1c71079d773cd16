"""A PostgreSQL server for tests: in a temporary folder, on a Unix socket, gone when the tests end, however they end.

A shell keeps it: it makes the server, obeys orders from a pipe, and removes everything once the pipe is closed, which
the system does when the tests are killed. PostgreSQL refuses to run as root, so there the shell is somebody else.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from psycopg import sql

from bot.db import migrate
from bot.db.database import Tx

FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
"""Nothing survives a power failure, which no test has; what a killed process has committed does."""
_SETTINGS = {"listen_addresses": "", "max_connections": "200", "autovacuum": "off"}
_TEMPLATE = "easel_template"
_STOP_S = 60.0
# Arguments: the folder, the programs' folder, settings. An order is the last arguments of pg_ctl.
_KEEPER = """
cd "$1" || exit
"$2/initdb" -D data -U postgres -A trust -E UTF8 --no-locale --no-sync >log 2>&1 || { cat log; exit; }
echo "$3" >>data/postgresql.conf
echo done
while read -r order; do
    "$2/pg_ctl" -D data -l log -w -s $order >>log 2>&1 && echo done || { tail -n 20 log; break; }
done
"$2/pg_ctl" -D data -m immediate -w -s stop >/dev/null 2>&1
rm -rf "$1"
"""


class PostgresServer:
    """A running server. Made by `running`."""

    def __init__(self, keeper: subprocess.Popen[str], folder: Path) -> None:
        """Use `running`."""
        self._keeper = keeper
        self._folder = folder
        self._numbers = itertools.count(1)
        self._template_made = False

    def url(self, database: str, user: str = "postgres") -> str:
        """Return the address of a database, as an operator would write it."""
        return f"postgresql://{user}@/{database}?host={self._folder}"

    @contextlib.contextmanager
    def database(self, *, migrated: bool = True) -> Iterator[str]:
        """Make a database of the newest schema, or an empty one, for the block; give its address."""
        if migrated and not self._template_made:
            self._make_template()
            self._template_made = True
        name = f"easel_{next(self._numbers)}"
        template = _TEMPLATE if migrated else "template1"
        self.administer(sql.SQL("create database {} template {}").format(*map(sql.Identifier, (name, template))))
        try:
            yield self.url(name)
        finally:
            self.administer(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))

    @contextlib.contextmanager
    def asking_for_passwords(self, role: str) -> Iterator[None]:
        """Trust this role no longer without its password, for the block."""
        rules = self._folder / "data" / "pg_hba.conf"
        before = rules.read_text()
        try:
            rules.write_text(f"local all {role} scram-sha-256\n{before}")
            self._order("reload")
            yield
        finally:
            rules.write_text(before)
            self._order("reload")

    def administer(self, statement: sql.SQL | sql.Composed) -> None:
        """Run one statement as the server's owner."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)

    def stop(self, mode: str = "fast") -> None:
        """Stop the server: `fast` ends all sessions, `immediate` is a crash. Blocks."""
        self._order(f"-m {mode} stop")

    def start(self) -> None:
        """Start the server again, and wait until it answers. Blocks."""
        self._order("start")

    def _order(self, words: str) -> None:
        assert self._keeper.stdin is not None
        self._keeper.stdin.write(f"{words}\n")
        self._keeper.stdin.flush()
        self.obeyed()

    def obeyed(self) -> None:
        """Wait until the last order is done."""
        assert self._keeper.stdout is not None
        answer = self._keeper.stdout.readline()
        assert answer == "done\n", f"PostgreSQL: {answer}{self._keeper.stdout.read()}"

    def _make_template(self) -> None:
        self.administer(sql.SQL("create database {}").format(sql.Identifier(_TEMPLATE)))
        engine = sa.create_engine(sa.make_url(self.url(_TEMPLATE)).set(drivername="postgresql+psycopg"))
        with engine.begin() as connection:
            migrate.upgrade_in(Tx(connection, None))
        engine.dispose()


@contextlib.contextmanager
def running(settings: Mapping[str, str] = MappingProxyType(FAST)) -> Iterator[PostgresServer]:
    """Run a server with these settings for the block; skip the test where PostgreSQL is not installed.

    `running({})` is as safe as servers are by default.
    """
    programs = _programs()
    root = os.geteuid() == 0
    folder = Path(tempfile.mkdtemp(prefix="easel-postgres-", dir="/tmp" if root else None))  # where anybody may go
    options: dict[str, Any] = {}
    if root:
        owner = _unprivileged()
        os.chown(folder, owner.pw_uid, owner.pw_gid)
        options = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
    lines = (
        f"{name} = '{value}'" for name, value in {**_SETTINGS, "unix_socket_directories": folder, **settings}.items()
    )
    keeper = subprocess.Popen(
        ["/bin/sh", "-c", _KEEPER, "keeper", str(folder), str(programs), "\n".join(lines)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd="/",
        env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
        start_new_session=True,  # Ctrl-C is for the tests, which end it in their order
        **options,
    )
    with keeper:
        try:
            server = PostgresServer(keeper, folder)
            server.obeyed()
            server.start()
            yield server
        finally:
            keeper.communicate(timeout=_STOP_S)  # closes the pipe of orders


def _programs() -> Path:
    """Return the folder with `initdb` and `pg_ctl`: Debian keeps them out of PATH, one folder for each version."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    installed = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = max(installed, key=lambda path: float(path.parts[-3]), default=None)
    if newest is None:
        pytest.skip("No PostgreSQL on this machine: run scripts/install_for_tests as root.")
    return newest.parent


def _unprivileged() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise RuntimeError("Run the tests as an ordinary user: there is nobody else who could run PostgreSQL.")
