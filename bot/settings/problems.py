"""What is wrong with a configuration, in plain lines: key, mistake, environment variable."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from bot.settings.keys import Key, dotted, is_known, nearest, variable

_SENTENCES = {
    "bool": "must be true or false",
    "int": "must be a whole number",
    "float": "must be a number",
    "finite_number": "must be a number",
    "string": "must be text in quotes",
    "path": "must be a path in quotes",
    "tuple": 'must be a list such as ["a", "b"]',
    "dict": "must be a table",
    "model": "must be a table",
    "literal_error": "must be {expected}",
    "greater_than": "must be greater than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "too_short": "may not be empty",
    "string_too_short": "may not be empty",
    "string_too_long": "must have at most {max_length} characters",
    "string_pattern_mismatch": 'must be a size such as "1024x1024"',
    "ip_any_network": 'must be a range of addresses such as "10.0.0.0/8"',
    "missing": "is missing",
    "value_error": "{error}",
}
"""By pydantic's type of error or, failing that, what the type begins with; filled from the error's context."""
_NEVER_REPEATED = ("string", "path", "tuple", "dict", "model", "missing", "value", "too")
"""Where a mistaken value may be a secret, or has been named already."""


def line(key: Key, mistake: str) -> str:
    """Return the line of one mistake."""
    return f"{dotted(key)}: {mistake} (environment variable {variable(key)})"


def unknown(key: Key, known: Sequence[Key]) -> str:
    """Return the line of a key in the file that does not exist."""
    meant = nearest(key, known)
    if meant is None:
        return f"{dotted(key)}: there is no such key; config.example.toml shows every key"
    return (
        f"{dotted(key)}: there is no such key; did you mean {dotted(meant)}? (environment variable {variable(meant)})"
    )


def unknown_variable(name: str, key: Key, known: Sequence[Key]) -> str:
    """Return the line of an environment variable that sets nothing."""
    meant = nearest(key, known)
    if meant is None:
        return f"{name}: there is no such environment variable; config.example.toml shows every key"
    return f"{name}: there is no such environment variable; did you mean {variable(meant)}?"


def lines(error: ValidationError, known: Sequence[Key]) -> Iterator[str]:
    """Yield a line for every mistake pydantic found; values that may be secret are not repeated."""
    for problem in error.errors(include_url=False):
        key = tuple(str(part) for part in problem["loc"])
        if problem["type"] == "extra_forbidden":
            yield unknown(key, known)
            continue
        if key[-1] == "[key]":  # a wrong name in a table: the table's mistake
            key = key[:-2]
        entry = ""
        while key and not is_known(key, known):  # an entry of a list
            entry = f"entry {int(key[-1]) + 1} " if key[-1].isdecimal() else entry
            key = key[:-1]
        yield line(key, entry + _mistake(problem))


def _mistake(problem: ErrorDetails) -> str:
    kind, _, _ = problem["type"].partition("_")
    template = _SENTENCES.get(problem["type"]) or _SENTENCES.get(kind)
    if template is None:
        return problem["msg"]
    mistake = template.format_map(problem.get("ctx", {}))
    if kind == "literal":
        mistake = mistake.replace("'", '"')
    given = problem["input"]
    if kind in _NEVER_REPEATED or not isinstance(given, str | int | float):
        return mistake
    return f"{mistake}, not {json.dumps(given, ensure_ascii=False)}"
