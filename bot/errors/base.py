"""What all errors share, and those that belong to no group."""

from __future__ import annotations

from typing import Any, ClassVar


class BotError(Exception):
    """An error with a sentence for the person; see the module's tree."""

    sentence: ClassVar[str] = "Something went wrong. Please try again."
    refund: ClassVar[bool] = True
    """The person's quota is given back."""
    may_cost: ClassVar[bool] = False
    """The engine may have drawn, and charged for it, all the same."""
    tell_operator: ClassVar[bool] = False
    """Needs the operator: logged as a warning instead of information."""

    def __init__(self, *, detail: str = "", **args: Any) -> None:
        """`args` fill the sentence's placeholders; `detail` is for the log only."""
        super().__init__(self.sentence.format(**args) + (f" [{detail}]" if detail else ""))
        self.detail = detail
        self.args_: dict[str, Any] = args


class Internal(BotError):
    """What people read when Easel itself failed; never raised, only shown."""

    sentence = "Something went wrong inside Easel (job {job}). The operator can find it in the log by that name."
    may_cost = True
    tell_operator = True


class Cancelled(BotError):
    """The job was stopped."""

    sentence = "Cancelled."


class ConfigError(BotError):
    """Wrong configuration: one line per mistake. Ends the start with exit code 2."""

    sentence = "{problems}"

    def __init__(self, *problems: str) -> None:
        """Each problem is a whole line: key, what is wrong, environment variable."""
        super().__init__(problems="\n".join(problems))
        self.problems = problems
