"""A copy of the SQLite database, also while Easel runs."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from bot.errors import ConfigError


def backup(database: Path, target: Path) -> None:
    """Write a consistent, compact copy of `database` to the new file `target`.

    Reads only: a second connection that may write could damage the file while the bot runs (see database.py). Blocks;
    raises ConfigError when there is nothing to copy or `target` cannot be written.
    """
    if not database.exists():
        raise ConfigError(f"data_dir: there is no database at {database} yet (EASEL_DATA_DIR)")
    if target.exists():
        raise ConfigError(f"{target} exists already; choose another file")
    connection = sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)
    try:
        target.touch(0o600)  # as the database itself: an empty file is filled
        connection.execute("VACUUM INTO ?", (str(target),))
    except (sqlite3.Error, OSError) as error:
        target.unlink(missing_ok=True)
        raise ConfigError(f"{target}: the copy could not be written: {error}") from error
    finally:
        connection.close()
