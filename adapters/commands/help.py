"""What `help` says: all commands by group, or how one of them is used. Both render the table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from adapters.commands.parsing import usage
from adapters.commands.phrasing import Phrasing
from adapters.commands.table import GROUPS, Command, leaves
from bot.engines.base import Capabilities
from bot.flags import FLAGS, Flag
from bot.i18n.marks import N_
from bot.settings.models import Preferences

NEEDS: Mapping[str, str | None] = {
    "size": None,
    "count": None,
    "negative": "negative",
    "seed": "seed",
    "model": None,
    "engine": None,
    "steps": "steps",
    "guidance": "guidance",
    "strength": "strength",
    "sampler": "sampler",
    "scheduler": "sampler",
    "lora": "loras",
}
"""The flags that work, each with the field of `Capabilities` without which it means nothing; None = it always does."""


@dataclass(frozen=True, slots=True)
class Abilities:
    """What flags can be about."""

    engines: Sequence[Capabilities]
    language_model: bool


def overview(phrasing: Phrasing, prefix: str, abilities: Abilities) -> str:
    """List the commands by group with a line each, then the flags that are understood."""
    groups = [
        "\n".join([phrasing.say(title), *(f"{prefix}{each.name} — {phrasing.say(each.description)}" for each in group)])
        for title, group in GROUPS.items()
    ]
    flags = [f"--{flag.name} — {phrasing.say(flag.description)}" for flag in usable_flags(abilities)]
    return "\n\n".join(
        (
            *groups,
            "\n".join([phrasing.say(N_("Options, written anywhere in your words")), *flags]),
            phrasing.say(N_("{command} shows how a command is used."), command=f"{prefix}help imagine"),
        )
    )


def explain(phrasing: Phrasing, prefix: str, command: Command, abilities: Abilities) -> str:
    """Show how a command and its subcommands are typed, with their options and examples."""
    parts = [_leaf(phrasing, prefix, path, leaf, abilities) for path, leaf in leaves(command)]
    if any(option.kind == "setting" for _, leaf in leaves(command) for option in leaf.options):
        parts.append(
            "\n".join(
                f"{name} — {phrasing.say(setting.description or '')}"
                for name, setting in Preferences.model_fields.items()
            )
        )
    return "\n\n".join(parts)


def usable_flags(abilities: Abilities) -> list[Flag]:
    """Return the flags that mean something to the language model, or to at least one of the engines."""

    def usable(name: str) -> bool:
        if name == "enhance":
            return abilities.language_model
        needed = NEEDS[name]
        return needed is None or any(getattr(engine, needed) for engine in abilities.engines)

    return [flag for flag in FLAGS if flag.name in {*NEEDS, "enhance"} and usable(flag.name)]


def _leaf(phrasing: Phrasing, prefix: str, path: tuple[str, ...], command: Command, abilities: Abilities) -> str:
    lines = [usage(path, prefix), phrasing.say(command.description)]
    if command.who == "admin":
        lines.append(phrasing.say(N_("For people who manage this server.")))
    if command.options and command.options[0].kind == "prompt":
        lines.append(phrasing.say(N_("Attach pictures to the message to have them changed.")))
        lines += [
            f"--{flag.name} — {phrasing.say(N_('{what}: {expected}'), what=flag.description, expected=flag.expected)}"
            for flag in usable_flags(abilities)
        ]
    else:
        lines += [
            f"{'--' if option.choices else ''}{option.name} — {phrasing.say(option.description)}"
            for option in command.options
            if option.kind != "picture"
        ]
    if command.examples:
        lines.append(phrasing.say(N_("For example:")))
        lines += [f"{prefix}{' '.join(path)} {phrasing.say(example)}" for example in command.examples]
    return "\n".join(lines)
