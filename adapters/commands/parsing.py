"""Commands as people type them: `/settings set size 16:9 --for server`, `!imagine a red fox --count 2`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from adapters.commands.table import COMMANDS, Command, Option, find, leaves
from bot.errors import UnknownCommand, UnknownCommandSuggest, WrongUse

Value = str | int | bool

_NAME = re.compile(r"([^\W\d_]{1,32})(?:\s+|$)")
_DASHES = ("--", "—", "–")  # telephones make a dash of two hyphens


@dataclass(frozen=True, slots=True)
class Invocation:
    """A command somebody called, with what they gave it."""

    path: tuple[str, ...]
    """Its names, such as `("settings", "set")`."""
    values: Mapping[str, Value]
    """By the names of its options; only those given. Pictures are not among them: they come with the message."""


def parse(line: str, prefix: str) -> Invocation | None:
    """Read a line that begins with `prefix` as a command; None when it is none.

    Words fill the options in their order, the last one takes all that is left; options with choices are written
    `--name choice`, and every other one may be; a yes-or-no option is turned on by its name. Raises UnknownCommand
    and WrongUse.
    """
    start = line.lstrip()
    # A Chinese keyboard writes the prefix full-width.
    if unicodedata.normalize("NFKC", start[: len(prefix)]).casefold() != prefix.casefold():
        return None
    found = _NAME.match(start, len(prefix))
    if found is None:
        return None
    return _arguments(named(found[1], prefix), start[found.end() :].strip(), prefix)


def named(name: str, prefix: str) -> Command:
    """Return the command of this name, in any case. Raises UnknownCommand, with the nearest name if one is near."""
    command = COMMANDS.get(name.casefold())
    if command is None:
        raise _nearest(prefix, name, COMMANDS) or UnknownCommand(name=prefix + name)
    return command


def usage(path: tuple[str, ...], prefix: str) -> str:
    """Return how a command is typed: `/settings set <setting> <value> [--for me|channel|server]`."""
    words = [prefix + " ".join(path)]
    options = find(path).options
    if options and options[0].kind == "prompt":
        return " ".join([*words, f"<{options[0].name}>", "[--option …]"])
    for option in options:
        if option.kind == "picture":
            continue
        if option.choices:
            word = f"--{option.name} {'|'.join(option.choices)}"
        else:
            word = option.name if option.kind == "boolean" else f"<{option.name}>"
        words.append(word if option.required else f"[{word}]")
    return " ".join(words)


def usages(command: Command, prefix: str) -> str:
    """Return how a command and its subcommands are typed, one line for each."""
    return "\n".join(usage(path, prefix) for path, _ in leaves(command))


def _arguments(command: Command, text: str, prefix: str) -> Invocation:
    path: tuple[str, ...] = (command.name,)
    leaf = command
    if command.subcommands:
        subcommands = {each.name: each for each in command.subcommands}
        name, text = _first_word(text or command.subcommands[0].name)
        if name.casefold() not in subcommands:
            raise _nearest(f"{prefix}{command.name} ", name, subcommands) or WrongUse(usage=usages(command, prefix))
        leaf = subcommands[name.casefold()]
        path = (command.name, leaf.name)
    if leaf.options and leaf.options[0].kind == "prompt":
        return Invocation(path, {leaf.options[0].name: text})
    values = _values(leaf.options, text.split())
    if values is None or any(option.required and option.name not in values for option in leaf.options):
        raise WrongUse(usage=usage(path, prefix))
    return Invocation(path, values)


def _values(options: tuple[Option, ...], words: list[str]) -> dict[str, Value] | None:
    """Return what these words give to these options, None when they cannot be understood."""
    options = tuple(option for option in options if option.kind != "picture")  # they come with the message
    by_name = {option.name: option for option in options}
    values: dict[str, Value] = {}
    plain: list[str] = []
    unread = iter(words)
    for word in unread:
        dashes = next((each for each in _DASHES if word.startswith(each)), "")
        name, equals, value = word.removeprefix(dashes).partition("=")
        option = by_name.get(name.casefold())
        if option is not None and option.kind == "boolean" and not equals:
            values[option.name] = True
        elif not dashes:
            plain.append(word)
        elif option is None or option.kind == "boolean" or not (given := value if equals else next(unread, "")):
            return None
        elif not option.choices:
            values[option.name] = given
        elif given.casefold() in option.choices:
            values[option.name] = given.casefold()
        else:
            return None
    empty = [each.name for each in options if each.kind != "boolean" and not each.choices and each.name not in values]
    values |= dict(zip(empty[:-1], plain, strict=False))
    if rest := plain[len(empty[:-1]) :]:
        if not empty:
            return None
        values[empty[-1]] = " ".join(rest)
    return values


def _first_word(text: str) -> tuple[str, str]:
    word, *rest = text.split(maxsplit=1)
    return word, "".join(rest)


def _nearest(before: str, name: str, known: Iterable[str]) -> UnknownCommandSuggest | None:
    """Return the suggestion of a name that was probably meant, None when none is near."""
    near = get_close_matches(name.casefold(), list(known), 1, 0.7)
    return UnknownCommandSuggest(name=before + name, suggestion=before + near[0]) if near else None
