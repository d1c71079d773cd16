"""Checks commands as Discord does when they are registered (docs: "Application Commands")."""

from __future__ import annotations

import re
from collections import Counter

from tests.support.discord.errors import ApiError, Form, Payload

SLASH = 1
SUBCOMMAND, GROUP = 1, 2
MOST = {1: 100, 2: 15, 3: 15}
"""Global commands by type; menus since March 2026."""
CHARACTERS = 8000
NAME = re.compile(r"[-_'\w]{1,32}")


def check(commands: list[Payload]) -> None:
    """Raise ApiError when something is wrong."""
    form = Form()
    kinds = Counter(each.get("type") or SLASH for each in commands)
    for kind, count in kinds.items():
        if count > MOST.get(kind, 0):
            raise ApiError(400, 30032, f"Maximum number of application commands reached ({MOST.get(kind, 0)})")
    seen: set[tuple[int, str]] = set()
    for number, each in enumerate(commands):
        kind = each.get("type") or SLASH
        if (kind, each["name"]) in seen:
            form.wrong(f"{number}", "APPLICATION_COMMANDS_DUPLICATE_NAME", "Application command names must be unique")
        seen.add((kind, each["name"]))
        if kind == SLASH:
            _slash(form, str(number), each)
        else:
            form.length(f"{number}.name", each["name"], 32, 1)
            form.length(f"{number}.description", each.get("description") or "", 0)
    form.check()


def _slash(form: Form, at: str, command: Payload) -> None:
    _names(form, at, command)
    _options(form, f"{at}.options", command.get("options") or [], depth=0)
    if _characters(command) > CHARACTERS:
        form.wrong(at, "APPLICATION_COMMAND_TOO_LARGE", f"Command exceeds maximum size ({CHARACTERS})")


def _names(form: Form, at: str, each: Payload) -> None:
    form.length(f"{at}.description", each.get("description"), 100, 1)
    names = {f"{at}.name": each.get("name")}
    names |= {f"{at}.name_localizations.{key}": name for key, name in (each.get("name_localizations") or {}).items()}
    for where, name in names.items():
        if not isinstance(name, str) or not NAME.fullmatch(name) or name != name.lower():
            form.wrong(where, "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
    for key, text in (each.get("description_localizations") or {}).items():
        form.length(f"{at}.description_localizations.{key}", text, 100, 1)


def _options(form: Form, at: str, options: list[Payload], *, depth: int) -> None:
    form.count(at, options, 25)
    if len({each["name"] for each in options}) < len(options):
        form.wrong(at, "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS", "Option name already exists")
    optional = False
    kinds = [each["type"] for each in options]
    if any(kind in (SUBCOMMAND, GROUP) for kind in kinds) and any(kind > GROUP for kind in kinds):
        form.wrong(at, "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", "Sub-command options are exclusive")
    for number, each in enumerate(options):
        where, kind = f"{at}.{number}", each["type"]
        _names(form, where, each)
        if kind in (SUBCOMMAND, GROUP):
            if depth > 1 or (kind == GROUP and depth):
                form.wrong(where, "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", "Sub-command group may not be nested")
            _options(form, f"{where}.options", each.get("options") or [], depth=2 if kind == SUBCOMMAND else 1)
            continue
        if each.get("required") and optional:
            form.wrong(
                where,
                "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID",
                "Required options must be placed before non-required options",
            )
        optional = optional or not each.get("required")
        _choices(form, where, each)


def _choices(form: Form, at: str, option: Payload) -> None:
    choices = option.get("choices") or []
    form.count(f"{at}.choices", choices, 25)
    if choices and option.get("autocomplete"):
        form.wrong(at, "APPLICATION_COMMAND_OPTIONS_AUTOCOMPLETE_CHOICES", "Autocomplete excludes choices")
    for number, each in enumerate(choices):
        form.length(f"{at}.choices.{number}.name", each.get("name"), 100, 1)
        if isinstance(each.get("value"), str):
            form.length(f"{at}.choices.{number}.value", each["value"], 100, 1)


def _characters(each: Payload) -> int:
    """Count as Discord does: names, descriptions and values; of translations only the longest."""
    total = 0
    for name in ("name", "description"):
        texts = [each.get(name) or "", *(each.get(f"{name}_localizations") or {}).values()]
        total += max(map(len, texts))
    total += len(each["value"]) if isinstance(each.get("value"), str) else 0
    return total + sum(map(_characters, [*(each.get("options") or []), *(each.get("choices") or [])]))
