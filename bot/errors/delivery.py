"""Pictures that exist and cannot be posted."""

from __future__ import annotations

from bot.errors.base import BotError


class DeliveryError(BotError):
    """The picture exists but cannot be posted."""

    sentence = "The picture is ready, but I could not post it here. Please ask again later."


class TooLarge(DeliveryError):
    """Over the place's upload limit."""

    sentence = "The picture is ready but larger than this place allows ({limit} MB)."


class NoPermission(DeliveryError):
    """Easel lacks a right in the place."""

    sentence = (
        "The picture is ready, but I can't post it: I am missing the permission “{permission}” here. Once an "
        "administrator has given it to me, please ask again."
    )


class PlaceGone(DeliveryError):
    """The channel or room no longer exists, or Easel was removed from it."""

    sentence = "The place this picture was asked for no longer exists."
