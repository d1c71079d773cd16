"""config.example.toml works as it is, is complete, and tells the truth."""

from __future__ import annotations

import dataclasses
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from bot.config import Config, load
from bot.engines.base import Capabilities
from bot.settings.engines import Supports
from bot.settings.keys import Key, is_known, known_keys
from bot.settings.layers import resolve
from bot.settings.models import Preferences

EXAMPLE = Path(__file__).parents[2] / "config.example.toml"
KNOWN = known_keys(Config)


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def read(text: str, **environ: str) -> Config:
    """Load `text` as the configuration file, in the current folder."""
    Path("config.toml").write_text(text, "utf-8")
    return load(None, environ)


def keys_in(table: dict[str, Any], above: Key = ()) -> set[Key]:
    keys: set[Key] = set()
    for name, value in table.items():
        keys.add((*above, name))
        if isinstance(value, dict):
            keys |= keys_in(value, (*above, name))
    return keys


def switched_on(text: str) -> str:
    """Return the example with every line in use that begins with "#" and a key or a table."""
    return re.sub(r"^#(?=\[|[a-z_]+ = )", "", text, flags=re.MULTILINE)


def test_the_example_works_as_it_is_and_shows_the_defaults() -> None:
    assert read(EXAMPLE.read_text("utf-8")) == load(None, {})


def test_the_example_has_every_key_and_no_other() -> None:
    given_keys = keys_in(tomllib.loads(switched_on(EXAMPLE.read_text("utf-8"))))
    assert [key for key in given_keys if not is_known(key, KNOWN)] == []
    assert [key for key in KNOWN if not any(is_known(given_key, [key]) for given_key in given_keys)] == []


def test_every_line_of_the_example_has_its_comment_or_speaks_for_itself() -> None:
    for line in EXAMPLE.read_text("utf-8").splitlines():
        assert not line.startswith("#") or line[1:2] in ("", " ", "[") or " = " in line, line
        assert len(line) <= 125, line


def test_what_the_example_has_switched_off_is_right_too() -> None:
    config = read(switched_on(EXAMPLE.read_text("utf-8")))
    assert set(config.engines) == {"demo", "home_gpu", "cloud"}
    built_in = resolve({}, config.limits)
    for name in Preferences.model_fields:
        value = getattr(built_in, name)
        assert getattr(config.defaults, name) == value or value is None, name


def test_what_an_engine_supports_is_named_as_in_its_capabilities() -> None:
    assert set(Supports.model_fields) == {field.name for field in dataclasses.fields(Capabilities)} - {
        "inputs",  # of the model, not to be guessed
        "resumable",  # a fact of the engine's protocol
        "free",  # a key of its own
    }
