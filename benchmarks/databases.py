"""For benchmarks: both databases, as safe as they are for people."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from _pytest.outcomes import Skipped

from tests.support.postgres import running


@contextmanager
def databases() -> Iterator[dict[str, str]]:
    """Give name → address of a fresh database of each kind; PostgreSQL only where it is installed."""
    with tempfile.TemporaryDirectory() as folder:
        urls = {"SQLite": f"sqlite:///{Path(folder) / 'easel.db'}"}
        try:
            with running({"autovacuum": "on"}) as server, server.database() as url:
                yield urls | {"PostgreSQL": url}
        except Skipped as reason:
            print(reason)
            yield urls
