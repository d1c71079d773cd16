"""The commands the bot registered, as a person's client uses them."""

from __future__ import annotations

from tests.support.discord import registering
from tests.support.discord.clock import Clock
from tests.support.discord.errors import Payload
from tests.support.discord.model import Upload

SLASH, USER_MENU, MESSAGE_MENU = 1, 2, 3
SUBCOMMAND, GROUP, STRING, INTEGER, BOOLEAN, USER, CHANNEL, ROLE, MENTIONABLE, NUMBER, ATTACHMENT = range(1, 12)
KINDS: dict[int, tuple[type, ...]] = {
    STRING: (str,),
    INTEGER: (int,),
    BOOLEAN: (bool,),
    NUMBER: (int, float),
    ATTACHMENT: (Upload,),
}


class Refused(AssertionError):
    """A person's client would not let them do this."""


class Commands:
    """What is registered."""

    def __init__(self) -> None:
        self.all: list[Payload] = []
        self.puts = 0
        """How often the whole set was overwritten."""

    def overwrite(self, commands: list[Payload], application_id: int, clock: Clock) -> list[Payload]:
        """Replace all commands; those that stay the same by name and type keep their ids. Raises ApiError."""
        registering.check(commands)
        ids = {(each["type"], each["name"]): each["id"] for each in self.all}
        self.puts += 1
        self.all = []
        for each in commands:
            kind = each.get("type") or SLASH
            stored = {
                "type": kind,
                "nsfw": False,
                "dm_permission": True,
                "contexts": None,
                "integration_types": [0],
                "default_member_permissions": None,
                **{key: value for key, value in each.items() if value is not None},
                "id": ids.get((kind, each["name"]), str(clock.snowflake())),
                "application_id": str(application_id),
                "version": str(clock.snowflake()),
            }
            stored.setdefault("description", "")
            if stored["default_member_permissions"] is not None:
                stored["default_member_permissions"] = str(stored["default_member_permissions"])
            self.all.append(stored)
        return self.all

    def find(self, name: str, kind: int = SLASH) -> Payload:
        """Return a command by its first word, or by its whole name for menus."""
        for each in self.all:
            if each["name"] == name and each.get("type", SLASH) == kind:
                return each
        names = sorted(each["name"] for each in self.all if each.get("type", SLASH) == kind)
        raise Refused(f"there is no command {name!r} of type {kind}; registered are {names}")

    def names(self, kind: int = SLASH) -> list[str]:
        """Return the names of all commands, sorted; those of subcommands are "group name"."""
        found: list[str] = []
        for each in self.all:
            if each.get("type", SLASH) == kind:
                found += _leaves(each, each["name"])
        return sorted(found)


def _leaves(command: Payload, name: str) -> list[str]:
    below = [each for each in command.get("options") or [] if each["type"] in (SUBCOMMAND, GROUP)]
    return [leaf for each in below for leaf in _leaves(each, f"{name} {each['name']}")] or [name]


def descend(command: Payload, words: list[str]) -> tuple[Payload, list[Payload]]:
    """Follow subcommand words; return the innermost command and the path of options to it."""
    path: list[Payload] = []
    for word in words:
        options = command.get("options") or []
        found = next((each for each in options if each["name"] == word and each["type"] in (SUBCOMMAND, GROUP)), None)
        if found is None:
            raise Refused(
                f"{command['name']!r} has no subcommand {word!r}; it has {[each['name'] for each in options]}"
            )
        path.append(found)
        command = found
    if any(each["type"] in (SUBCOMMAND, GROUP) for each in command.get("options") or []):
        raise Refused(f"{command['name']!r} needs a subcommand: {_leaves(command, command['name'])}")
    return command, path


def check_options(command: Payload, values: dict[str, object], *, complete: bool = True) -> list[Payload]:
    """Return the options in the order given, checked as the client checks them. Raises Refused."""
    known = {each["name"]: each for each in command.get("options") or []}
    if unknown := set(values) - set(known):
        raise Refused(f"{command['name']!r} has no options {sorted(unknown)}; it has {sorted(known)}")
    missing = [name for name, each in known.items() if each.get("required") and name not in values]
    if missing and complete:
        raise Refused(f"{command['name']!r} also needs {missing}")
    for name, value in values.items():
        if complete:
            _check(known[name], value)
    return [known[name] for name in values]


def _check(option: Payload, value: object) -> None:
    name, kind = option["name"], option["type"]
    wanted = KINDS.get(kind)
    if wanted and (not isinstance(value, wanted) or (isinstance(value, bool) and kind != BOOLEAN)):
        raise Refused(f"option {name!r} takes {wanted[0].__name__}, not {value!r}")
    choices = option.get("choices")
    if choices and value not in [each["value"] for each in choices]:
        raise Refused(f"option {name!r} takes one of {[each['value'] for each in choices]}, not {value!r}")
    if kind in (INTEGER, NUMBER):
        _between(name, float(str(value)), option.get("min_value"), option.get("max_value"))
    if kind == STRING:
        _between(f"length of {name}", len(str(value)), option.get("min_length"), option.get("max_length") or 6000)


def _between(name: str, value: float, low: float | None, high: float | None) -> None:
    if (low is not None and value < low) or (high is not None and value > high):
        raise Refused(f"{name} must be between {low} and {high}, not {value:g}")
