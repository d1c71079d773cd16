"""Requests that are not accepted; nothing was counted."""

from __future__ import annotations

from bot.errors.base import BotError


class Refused(BotError):
    """A request that is not accepted."""


class EmptyPrompt(Refused):
    """No words to draw from."""

    sentence = "What should I draw? Write it after the command, for example: /imagine a red fox in the snow"


class EmptyEdit(Refused):
    """A picture to change, but no words how."""

    sentence = "What should I change? Say it together with the picture, for example: make it night"


class PromptTooLong(Refused):
    """More text than any engine reads."""

    sentence = "That is {length} characters; I can read at most {limit}. Please shorten it."


class BadFlag(Refused):
    """An unknown flag; nothing is drawn. `suggestion` is empty or the nearest right flag."""

    sentence = (
        "I don't know the option {flag}. Options are, for example, --size, --count and --seed. Nothing was drawn."
    )


class BadFlagSuggest(BadFlag):
    """An unknown flag that resembles a known one."""

    sentence = "I don't know the option {flag}. Did you mean {suggestion}? Nothing was drawn."


class BadValue(Refused):
    """A flag with a value it cannot take."""

    sentence = "“{value}” does not fit {flag}: it takes {expected}. Nothing was drawn."


class MissingValue(Refused):
    """A flag without its value."""

    sentence = "{flag} needs a value: {expected}. Nothing was drawn."


class WhatToChange(Refused):
    """A picture without words, where that deserves an answer."""

    sentence = "Nice picture. What should I change about it?"


class GeneratingOff(Refused):
    """Drawing is switched off here."""

    sentence = "Drawing new pictures is switched off here."


class EditingOff(Refused):
    """Editing is switched off here."""

    sentence = "Changing pictures is switched off here, so I left yours as it is."


class NoPrivate(Refused):
    """A private answer where there is no way to give one."""

    sentence = "I can't answer privately here, so I did not draw it. Leave out --private to see it here."


class MissingPermission(Refused):
    """Easel itself lacks a right in the place, so that it could not post the picture."""

    sentence = (
        "I can't post pictures here: I am missing the permission “{permission}”. An administrator can give it to me."
    )


class NotAllowed(Refused):
    """The person lacks the right."""

    sentence = "You may not do that here. People who manage this server can."


class TooManyAsked(Refused):
    """More pictures than policy allows in one request."""

    sentence = "You asked for {asked} pictures; up to {limit} are allowed at once here."


class TooManyPixels(Refused):
    """A larger size than policy allows."""

    sentence = "{width} × {height} is larger than allowed here (up to {limit} megapixels)."


class TooManySteps(Refused):
    """More steps than policy allows."""

    sentence = "You asked for {asked} steps; up to {limit} are allowed here."


class UnknownSize(Refused):
    """A size that is none."""

    sentence = "“{size}” is not a size I know. Use for example 1024x1024, square, portrait, landscape or 16:9."


class UnknownEngine(Refused):
    """An engine id that is not configured."""

    sentence = "There is no engine called “{engine}”. You can use: {known}."


class NoEngine(Refused):
    """No engine can do what is asked."""

    sentence = "No engine here can do that. The operator can add one in the configuration."


class Unsupported(Refused):
    """The chosen engine cannot do what was asked, and nothing sensible can be left out."""

    sentence = "The engine {engine} can't do this: {what}."


class UnsupportedUse(Unsupported):
    """As Unsupported, and another engine could."""

    sentence = "The engine {engine} can't do this: {what}. You can use {instead} instead."


class UnknownSetting(Refused):
    """A setting that does not exist."""

    sentence = "There is no setting called “{name}”. The settings are: {known}."


class BadSetting(Refused):
    """A value a setting cannot take."""

    sentence = "“{value}” does not fit the setting {name}: it takes {expected}."


class UnknownCommand(Refused):
    """A command that does not exist."""

    sentence = "I don't know the command “{name}”. Write “help” to see what I can do."


class UnknownCommandSuggest(UnknownCommand):
    """A command that does not exist but resembles one that does."""

    sentence = "I don't know the command “{name}”. Did you mean “{suggestion}”?"


class WrongUse(Refused):
    """A command with something missing, too much, or not understood. `usage`: one line, or one per subcommand."""

    sentence = "I did not understand that. Please write it like this:\n{usage}"


class NothingToCancel(Refused):
    """No job of this person is waiting or running."""

    sentence = "Nothing of yours is waiting or being drawn."


class TooLateToCancel(Refused):
    """The job ended, or its picture is on its way."""

    sentence = "That one is already finished."


class NothingToRepeat(Refused):
    """No earlier job of this person in this conversation."""

    sentence = "You have not asked for a picture here yet, so there is nothing to repeat."


class NothingToUndo(Refused):
    """The newest picture is not an edit of another."""

    sentence = "There is no earlier picture to go back to."


class NotYours(Refused):
    """Only the asker, a moderator or an admin may do this."""

    sentence = "Only the person who asked for this picture, or a moderator, may do that."


class StorageAway(Refused):
    """The database does not answer, or the connection broke: whether the last step was done, nobody knows."""

    sentence = "I can't reach my storage at the moment. Please try again in a minute."
    tell_operator = True


class StorageFull(Refused):
    """The disk or the database is full; nothing more can be stored."""

    sentence = "I can't store any more pictures at the moment. The operator has to make room; please try again later."
    tell_operator = True


class Moderated(Refused):
    """The prompt holds what the server's rules forbid; nothing was sent to an engine."""

    sentence = "I can't draw this: it goes against the content rules here. Please word it differently."


class ModerationAway(Refused):
    """The moderation service does not answer, and nothing is drawn unchecked."""

    sentence = "I could not check your request against the content rules, so I did not draw it. Please try again later."
    tell_operator = True
