"""The keys of a configuration model: which exist, how each is spelled in the environment, which one was meant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel

Key = tuple[str, ...]
"""The way to one setting, e.g. `("limits", "person", "per_minute")`; `*` = any name (engines, headers)."""

PREFIX = "EASEL_"
LEVEL = "__"


def known_keys(model: type[BaseModel]) -> tuple[Key, ...]:
    """Return every key of `model`, tables included, in order."""
    return tuple(key for name, field in model.model_fields.items() for key in _within((name,), field.annotation))


def _within(key: Key, annotation: Any) -> Iterator[Key]:
    yield key
    if get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if get_origin(annotation) is tuple:  # of tables: one may stand there by itself
        annotation = get_args(annotation)[0]
    if get_origin(annotation) is dict:
        yield from _within((*key, "*"), get_args(annotation)[1])
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield from ((*key, *inner) for inner in known_keys(annotation))


def is_known(key: Key, known: Sequence[Key]) -> bool:
    """Return whether `key` is one of the known keys."""
    return any(len(k) == len(key) and _covers(k, key) for k in known)


def _covers(pattern: Key, key: Key) -> bool:
    return all(p in ("*", part) for p, part in zip(pattern, key, strict=False))


def nearest(key: Key, known: Sequence[Key]) -> Key | None:
    """Return the known key that was probably meant by an unknown one, or None.

    Thinks of `_` where `__` belongs, of typing errors in any part, and of the right name in the wrong table.
    """
    joined = "_".join(key)
    flattened = [k for k in known if k[-1] != "*" and fnmatchcase(joined, "_".join(k))]
    if flattened:
        return max(flattened, key=len)
    meant: Key = ()
    for part in key:
        options = {k[len(meant)] for k in known if len(k) > len(meant) and _covers(k, meant)}
        close = [part] if options & {part, "*"} else get_close_matches(part, options, 1, 0.7)
        if not close:
            return next((k for k in known if k[-1] == key[-1] and "*" not in k), None)
        meant = (*meant, close[0])
    return meant


def dotted(key: Key) -> str:
    """Return the key as people write it: `limits.person.per_minute`."""
    return ".".join(part.replace("*", "<id>") for part in key)


def variable(key: Key) -> str:
    """Return the environment variable of a key: `EASEL_LIMITS__PERSON__PER_MINUTE`."""
    return PREFIX + LEVEL.join(part.replace("*", "<id>") for part in key).upper()


def key_of(variable_name: str) -> Key:
    """Return the key that an environment variable starting with `PREFIX` sets."""
    return tuple(variable_name.removeprefix(PREFIX).lower().split(LEVEL))
