"""What the core says of its own accord: where a job stands, how it ended, and the words that go with a picture."""

from __future__ import annotations

from collections.abc import Sequence

from bot import errors
from bot.errors import BotError
from bot.i18n.catalogue import Catalogues
from bot.i18n.marks import N_, Wait
from bot.types import Job, Picture

DRAWN = (
    N_("Here is your picture."),
    N_("There you go. I hope you like it!"),
    N_("All done. Enjoy!"),
)
CHANGED = (
    N_("Done, here is the changed picture."),
    N_("There you go, changed as you asked."),
    N_("Here is the new version."),
)
SEVERAL = (
    N_("Here are your pictures."),
    N_("There you go. I hope you like them!"),
)
SHOWN_AGAIN = N_("Here is the picture from before.")
MISSING = N_("The engine could draw only {drawn} of {asked} pictures.")
AWAY = N_("Accepted. I can't reach the engine {engine} at the moment, and keep trying for a while.")
WITH_SEED = N_("seed {seed}")


class Wording:
    """The core's sentences in a job's language."""

    def __init__(self, catalogues: Catalogues) -> None:
        """All words come from these catalogues."""
        self._catalogues = catalogues

    def waiting(self, job: Job, ahead: int, wait_s: float | None = None) -> str:
        """Say the place in the waiting line, and how long that will be if it is known."""
        if wait_s is None:
            sentence = N_("Accepted. You are number {place} in line.") if ahead else N_("Accepted. You are next.")
        elif ahead:
            sentence = N_("Accepted. You are number {place} in line; your turn comes in about {wait}.")
        else:
            sentence = N_("Accepted. You are next, in about {wait}.")
        return self._say(job, sentence, place=ahead + 1, wait=Wait(wait_s or 0))

    def away(self, job: Job) -> str:
        """Say that it waits for an engine that cannot be reached."""
        return self._say(job, AWAY, engine=job.plan.engine)

    def drawing(self, job: Job, fraction: float | None) -> str:
        """Say that it runs, and how far it is."""
        if fraction is None:
            return self._say(job, N_("Drawing…") if job.plan.kind == "generate" else N_("Changing the picture…"))
        percent = round(fraction * 100)
        sentence = (
            N_("Drawing… {percent} %") if job.plan.kind == "generate" else N_("Changing the picture… {percent} %")
        )
        return self._say(job, sentence, percent=percent)

    def finished(self, job: Job, pictures: Sequence[Picture]) -> str:
        """Say the words that go with finished pictures, what was adapted, and what is missing."""
        lines = []
        if job.plan.shown_again:
            lines.append(self._say(job, SHOWN_AGAIN))
        elif job.plan.acknowledge and (said := job.facts.get("said")):
            lines.append(str(said))
        elif job.plan.acknowledge:
            choice = SEVERAL if len(pictures) > 1 else DRAWN if job.plan.kind == "generate" else CHANGED
            # By the job's id, so that the words stay the same when a post is repeated.
            lines.append(self._say(job, choice[sum(job.id.encode()) % len(choice)]))
        lines.extend(job.plan.adapted)
        if missing := int(job.facts.get("missing", 0)):
            lines.append(self._say(job, MISSING, drawn=job.plan.count - missing, asked=job.plan.count))
        if job.plan.details_line and not job.plan.shown_again:
            lines.append(self._details_line(job))
        return "\n".join(lines)

    def ended(self, job: Job) -> str:
        """Say why there is no picture."""
        if job.error is None:
            return self._say(job, errors.Cancelled.sentence)
        return self._catalogues.error(job.language, stored_error(job))

    def _details_line(self, job: Job) -> str:
        seed = None if job.plan.seed is None else self._say(job, WITH_SEED, seed=job.plan.seed)
        return " · ".join(str(each) for each in (job.plan.engine, job.facts.get("model"), seed) if each)

    def _say(self, job: Job, sentence: str, **args: object) -> str:
        return self._catalogues.text(job.language, sentence, **args)


def stored_error(job: Job) -> BotError:
    """Rebuild the error a job ended with; an unknown class (of another version) becomes an internal one."""
    kind = getattr(errors, job.error or "", None)
    if isinstance(kind, type) and issubclass(kind, BotError) and kind is not errors.ConfigError:
        try:
            return kind(**job.error_args)
        except (LookupError, ValueError):
            pass
    return errors.Internal(job=job.id)
