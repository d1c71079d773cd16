"""What engines could not do."""

from __future__ import annotations

from bot.errors.base import BotError


class EngineError(BotError):
    """The engine could not do it; subclasses say why."""

    sentence = "The engine {engine} could not draw this. Please try again."


class ContentRefused(EngineError):
    """The engine's own rules forbid the prompt or the picture."""

    sentence = "The engine {engine} refused this request because of its content rules. Please word it differently."
    refund = False


class EngineBusy(EngineError):
    """Rate limit or full queue; nothing was drawn."""

    sentence = "The engine {engine} is too busy right now. Please try again in a moment."


class EngineUnavailable(EngineError):
    """Not reachable, and the request was surely not taken."""

    sentence = "I can't reach the engine {engine} right now. Please try again later."
    tell_operator = True


class EngineTimeout(EngineError):
    """No result within the deadline."""

    sentence = (
        "The engine {engine} did not finish within {seconds} seconds, so I stopped waiting. Please try again later."
    )
    may_cost = True


class EngineAuth(EngineError):
    """Wrong or missing key."""

    sentence = "The engine {engine} does not accept its key. The operator has to correct it."
    tell_operator = True


class EngineMisconfigured(EngineError):
    """The address, the model or the like is not what the service knows."""

    sentence = "The engine {engine} is not set up correctly. The operator has to correct it."
    tell_operator = True


class EngineQuota(EngineError):
    """The account behind the engine has no credit left."""

    sentence = "The account behind the engine {engine} has used up its credit. The operator has to top it up."
    tell_operator = True


class EngineRejected(EngineError):
    """The engine does not accept a value."""

    sentence = "The engine {engine} does not accept this value for {field}. Please choose another."


class UnknownChoice(EngineError):
    """The engine has nothing of this name. `what`: a model, a sampler, …; `known`: the nearest of those it has."""

    sentence = "The engine {engine} has no {what} called “{value}”. It has, for example: {known}."


class WorkflowInvalid(EngineError):
    """The configured workflow cannot run."""

    sentence = "The workflow of the engine {engine} does not work (node {node}). The operator has to correct it."
    tell_operator = True


class OutOfMemory(EngineError):
    """The engine ran out of memory."""

    sentence = "The engine {engine} ran out of memory. A smaller size or fewer pictures may work."


class MissingFont(EngineError):
    """The machine has no font with these characters."""

    sentence = (
        "The engine {engine} has no font for these characters. The operator can install one, for example Noto Sans CJK."
    )


class NothingDrawn(EngineError):
    """The engine answered without a picture."""

    sentence = "The engine {engine} finished without a picture. Please try again or change the words."
    may_cost = True


class BadAnswer(EngineError):
    """The engine's answer made no sense."""

    sentence = "The engine {engine} gave an answer I can't read. Please try again."
    may_cost = True
    tell_operator = True


class LostJob(EngineError):
    """The engine no longer knows the job; it may have been restarted."""

    sentence = "The engine {engine} lost this job; it may have been restarted. Please ask again."
    may_cost = True


class UnknownOutcome(EngineError):
    """The connection broke, or the engine failed, after the request was taken; it may have been drawn and charged."""

    sentence = (
        "Something went wrong while the engine {engine} was drawing. I did not repeat it by myself, because it may "
        "cost money; please ask again if you like."
    )
    may_cost = True
    tell_operator = True


class Interrupted(EngineError):
    """Easel was restarted during a drawing that may have cost money."""

    sentence = (
        "I was restarted while the engine {engine} was drawing this. I did not repeat it by myself, because it may "
        "cost money; please ask again if you like."
    )
    may_cost = True


class GaveUp(EngineError):
    """A drawing that was cut off by a restart each time it was tried."""

    sentence = "I tried this {attempts} times and was cut off each time, so I stopped. Please ask again."
    may_cost = True
    tell_operator = True
