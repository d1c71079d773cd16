"""Requests beyond a limit. Each says what the limit is and when it ends; `wait` is the time until then.

Numbers stand where it does not matter whether they are 1 or more.
"""

from __future__ import annotations

from bot.errors.refused import Refused


class RateLimited(Refused):
    """More requests of a person in a minute than allowed."""

    sentence = "That was fast: the limit here is {limit} a minute for each person. Please try again in {wait}."


class ServerRateLimited(RateLimited):
    """The same for all people of a server together."""

    sentence = (
        "A lot is going on here: the limit for this whole server is {limit} a minute. Please try again in {wait}."
    )


class QuotaUsed(Refused):
    """A person has had all pictures of the day."""

    sentence = "You have had all your pictures for today: the limit is {limit} a day. There are new ones in {wait}."


class ServerQuotaUsed(QuotaUsed):
    """A server has had all pictures of the day."""

    sentence = (
        "This server has had all its pictures for today: the limit is {limit} a day. There are new ones in {wait}."
    )


class QuotaShort(Refused):
    """A person asks for more pictures than are left of the day's."""

    sentence = (
        "You asked for {asked} pictures, and today you can have {left} more: the limit is {limit} a day. "
        "Ask for fewer, or again in {wait}."
    )


class ServerQuotaShort(QuotaShort):
    """A person asks for more pictures than are left of the server's."""

    sentence = (
        "You asked for {asked} pictures, and today this server can have {left} more: its limit is {limit} a day. "
        "Ask for fewer, or again in {wait}."
    )


class BudgetUsed(Refused):
    """It would cost more than a person may spend. `period` is “a day” or “a month”; the others are amounts."""

    sentence = (
        "This would cost {cost}, and only {left} of your budget here is left: the limit is {limit} {period}. "
        "It starts anew in {wait}."
    )


class ServerBudgetUsed(BudgetUsed):
    """It would cost more than a server may spend. `period` is “a day” or “a month”; the others are amounts."""

    sentence = (
        "This would cost {cost}, and only {left} of this server's budget is left: the limit is {limit} {period}. "
        "It starts anew in {wait}."
    )


class TooManyJobs(Refused):
    """A person has as many waiting jobs as allowed."""

    sentence = (
        "You have as many requests waiting as each person may here: {limit}. "
        "Please ask again when one of them has had its turn, or cancel one."
    )


class ServerTooManyJobs(TooManyJobs):
    """A server has as many waiting jobs as allowed."""

    sentence = (
        "As many requests of this server are waiting as may: {limit}. "
        "Please ask again when one of them has had its turn."
    )


class LineTooLong(Refused):
    """An engine has more waiting than it can draw within a day."""

    sentence = "So many requests wait for the engine {engine} that yours would take {wait}. Please try again later."
