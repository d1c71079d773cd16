"""Bring the tables of docs/settings.md up to date with the models: `python scripts/write_settings_docs.py`."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from pathlib import Path

from bot.settings.layers import Effective
from bot.settings.models import Policy, Preferences, takes
from bot.settings.tables import Limits

PAGE = Path(__file__).parent.parent / "docs" / "settings.md"

BUILT_IN = {
    "generate_engine": "the first engine that can",
    "edit_engine": "`generate_engine` if it can, else the first that can",
    "size": "the engine's own",
    "language": "the person's",
}
"""What is built in where that is no value."""


def preferences() -> str:
    """Return the table of all preferences."""
    built_in = {field.name: field.default for field in dataclasses.fields(Effective)}
    return _table(
        ("Name", "Takes", "Built in", "Meaning"),
        (
            (f"`{name}`", takes(name), BUILT_IN.get(name) or _value(built_in[name]), field.description or "")
            for name, field in Preferences.model_fields.items()
        ),
    )


def policy() -> str:
    """Return the table of the policy."""
    return _table(
        ("Name", "Default", "Meaning"),
        ((f"`{name}`", _value(field.default), field.description or "") for name, field in Policy.model_fields.items()),
    )


def limits() -> str:
    """Return the table of the limits for people and servers."""
    return _table(
        ("Name", "Meaning"),
        ((f"`{name}`", field.description or "") for name, field in Limits.model_fields.items()),
    )


def updated(page: str) -> str:
    """Return the page with its three tables as they should be."""
    for name, table in {"preferences": preferences(), "policy": policy(), "limits": limits()}.items():
        before, begin, rest = page.partition(f"<!-- {name}: written by scripts/write_settings_docs.py -->")
        _, end, after = rest.partition(f"<!-- end of {name} -->")
        page = f"{before}{begin}\n\n{table}\n{end}{after}"
    return page


def _value(value: object) -> str:
    match value:
        case bool():
            return "on" if value else "off"
        case "":
            return "none"
        case _:
            return str(value)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = (head, ("---",) * len(head), *rows)
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    PAGE.write_text(updated(PAGE.read_text("utf-8")), "utf-8")
