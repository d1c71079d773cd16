"""Whether a prompt may be drawn: against the operator's words, and by a moderation service."""

from bot.moderation.moderation import Moderation

__all__ = ["Moderation"]
