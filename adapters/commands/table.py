"""The one table of commands and options that every platform renders its own from. Only what works is in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from bot.flags import FLAGS, MAX_COUNT, MAX_SEED
from bot.i18n.marks import N_

Who = Literal["user", "admin"]
Kind = Literal["prompt", "text", "integer", "boolean", "picture", "engine", "model", "setting", "command"]
"""What a value is. Where a platform can offer values while people type, the last four say which ones.

A prompt is taken as it stands, with the flags in it; where commands are text it is everything after the name.
"""


@dataclass(frozen=True, slots=True)
class Option:
    """One value that people give a command. Names and descriptions keep within 32 and 100 characters."""

    name: str
    kind: Kind
    description: str
    required: bool = False
    choices: tuple[str, ...] = ()
    """The only values it takes; empty = any."""
    bounds: tuple[int, int] | None = None
    """The smallest and the largest integer."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command: either with subcommands, the first of which is meant when none is named, or with options."""

    name: str
    description: str
    options: tuple[Option, ...] = ()
    subcommands: tuple[Command, ...] = ()
    who: Who = "user"
    """Who may call it; of what it does for a channel or a server, the settings themselves ask for more."""
    examples: tuple[str, ...] = ()
    """What may stand behind its name; catalogue keys, since prompts are translated."""


_PICTURES = (
    Option("image", "picture", N_("The picture to change")),
    Option("image2", "picture", N_("Another picture to use")),
    Option("image3", "picture", N_("Another picture to use")),
    Option("image4", "picture", N_("Another picture to use")),
)
_MASK = Option("mask", "picture", N_("Where to change it: what is transparent, or white on black, may change"))
_KINDS: Mapping[str, Kind] = {
    "size": "text",
    "count": "integer",
    "negative": "text",
    "seed": "integer",
    "model": "model",
    "engine": "engine",
}
_BOUNDS = {"count": (1, MAX_COUNT), "seed": (0, MAX_SEED)}
_FLAGS = tuple(
    Option(flag.name, _KINDS[flag.name], flag.description, bounds=_BOUNDS.get(flag.name))
    for flag in FLAGS
    if flag.name in _KINDS
)
"""The flags that are worth an option of their own; the rarer ones stand in the prompt."""
_SETTING = Option("setting", "setting", N_("The name of a setting, see “settings show”"))
_ENGINE = Option("engine", "engine", N_("The id of an engine, see “engine list”"))
_FOR = Option(
    "for", "text", N_("Whom it holds for: you, or all in this channel or server"), choices=("me", "channel", "server")
)

GROUPS: Mapping[str, tuple[Command, ...]] = {
    N_("Pictures"): (
        Command(
            "imagine",
            N_("Draw a picture from words"),
            (Option("prompt", "prompt", N_("What to draw"), required=True), *_PICTURES, *_FLAGS),
            examples=(N_("a red fox in the snow"), N_("a lighthouse at dusk --size 16:9 --count 2")),
        ),
        Command(
            "edit",
            N_("Change a picture: attach one, reply to one, or change the newest here"),
            (Option("prompt", "prompt", N_("What to change"), required=True), *_PICTURES, _MASK, *_FLAGS),
            examples=(N_("make it night"), N_("black and white")),
        ),
        Command(
            "describe",
            N_("Say in words what a picture shows: attach or reply to one, or take the newest here"),
            (Option("image", "picture", N_("The picture to describe")),),
        ),
        Command("again", N_("Draw your last request once more, with another seed")),
        Command("undo", N_("Show the picture again that the newest one was made from")),
        Command("cancel", N_("Stop what you are waiting for")),
    ),
    N_("Your requests"): (
        Command("queue", N_("See what you are waiting for, and how many come before you")),
        Command(
            "history",
            N_("See your newest requests, or delete them with their pictures"),
            (Option("clear", "boolean", N_("Delete all your pictures and requests for good")),),
        ),
        Command("details", N_("See the prompt, engine, model, seed, size and time of a picture")),
    ),
    N_("Settings"): (
        Command(
            "settings",
            N_("See and change how pictures are made for you, a channel or a server"),
            subcommands=(
                Command("show", N_("See what holds for you here, and where it comes from")),
                Command(
                    "set",
                    N_("Change a setting; those of a channel or server are for its admins"),
                    (
                        replace(_SETTING, required=True),
                        Option("value", "text", N_("Its new value"), required=True),
                        _FOR,
                    ),
                    examples=("size 16:9", "language zh-TW --for server"),
                ),
                Command(
                    "reset",
                    N_("Take back one setting, or all that you have made"),
                    (_SETTING, _FOR),
                    examples=("size",),
                ),
            ),
        ),
        Command(
            "engine",
            N_("See what draws the pictures"),
            subcommands=(
                Command("list", N_("See the engines you can use, and what each of them can do")),
                Command(
                    "models",
                    N_("Look for a model of an engine"),
                    (_ENGINE, Option("search", "text", N_("A part of the model's name"))),
                ),
                Command(
                    "test",
                    N_("Check whether an engine can be used; this is free of charge"),
                    (
                        replace(_ENGINE, required=True),
                        Option("draw", "boolean", N_("Also draw a tiny picture, which may cost money")),
                    ),
                    who="admin",
                    examples=("demo",),
                ),
            ),
        ),
    ),
    N_("About"): (
        Command(
            "help",
            N_("See what I can do, or how one command is used"),
            (Option("command", "command", N_("The name of a command")),),
            examples=("imagine",),
        ),
        Command("about", N_("What Easel is")),
    ),
}
"""All commands, in the groups that help shows them in."""

COMMANDS: Mapping[str, Command] = {command.name: command for group in GROUPS.values() for command in group}


def find(path: tuple[str, ...]) -> Command:
    """Return the command or subcommand with these names, such as `("settings", "set")`. Raises KeyError."""
    name, *rest = path
    command = COMMANDS[name]
    for each in rest:
        command = {sub.name: sub for sub in command.subcommands}[each]
    return command


def leaves(command: Command) -> tuple[tuple[tuple[str, ...], Command], ...]:
    """Return what can be called of a command, its subcommands or itself, each with its names."""
    subcommands = tuple(((command.name, each.name), each) for each in command.subcommands)
    return subcommands or (((command.name,), command),)
