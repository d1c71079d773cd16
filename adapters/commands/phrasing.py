"""What commands answer: plain lines of text in one person's language, cut by no platform's limit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version

from bot.answers import Past, Standing
from bot.engines.base import Capabilities, Health, Model, ModelKind
from bot.i18n.catalogue import Catalogues
from bot.i18n.marks import N_, Wait
from bot.pictures.infotext import Infotext
from bot.preparing import NOT_ENHANCED
from bot.settings.layers import Effective, Layer
from bot.settings.models import Preferences
from bot.settings.store import StoredLayer
from bot.types import Job, State
from bot.wording import stored_error

PROMPT_START = 60
"""Characters of a prompt shown in lists."""
MODELS_SHOWN = 25

_FROM: Mapping[Layer, str] = {
    "person": N_("set by you"),
    "channel": N_("set for this channel"),
    "server": N_("set for this server"),
    "operator": N_("set by the operator"),
    "built-in": N_("built in"),
}
_SAVED: Mapping[StoredLayer, str] = {
    "person": N_("Saved for you."),
    "channel": N_("Saved for this channel."),
    "server": N_("Saved for this server."),
}
_RESET: Mapping[StoredLayer, str] = {
    "person": N_("Taken back for you."),
    "channel": N_("Taken back for this channel."),
    "server": N_("Taken back for this server."),
}
_ABILITIES: Mapping[str, str] = {
    "generate": N_("draws"),
    "edit": N_("changes pictures"),
    "mask": N_("takes a mask"),
    "negative": N_("takes a negative prompt"),
    "seed": N_("takes a seed"),
}
"""By the field of `Capabilities`; what people choose an engine for."""
_KINDS: Mapping[ModelKind, str] = {
    "model": N_("Models"),
    "sampler": N_("Samplers"),
    "scheduler": N_("Schedulers"),
    "style": N_("Styles"),
    "lora": N_("LoRAs"),
    "upscaler": N_("Upscalers"),
}
"""What an engine has by name, in the order people are shown it."""


class Phrasing:
    """The answers, in one language and at one time."""

    def __init__(self, catalogues: Catalogues, language: str, now: float) -> None:
        """`now` is in seconds since the epoch, for “5 minutes ago”."""
        self._catalogues = catalogues
        self._language = language
        self._now = now

    def say(self, sentence: str, **args: object) -> str:
        """Return a catalogue sentence."""
        return self._catalogues.text(self._language, sentence, **args)

    # ── settings ────────────────────────────────────────────────────────────────────────────────────────────────

    def settings(self, effective: Effective) -> str:
        """List every setting with its value and where that is from."""
        return "\n".join(self.setting(effective, name) for name in Preferences.model_fields)

    def setting(self, effective: Effective, name: str) -> str:
        """Say one setting's value and where it is from: `size: 16:9 — set by you`."""
        line = f"{name}: {self._value(getattr(effective, name))} — {self.say(_FROM[effective.source[name]])}"
        if name not in effective.clamped:
            return line
        return f"{line} — {self.say(N_('{value} is more than allowed here'), value=effective.clamped[name])}"

    def saved(self, layer: StoredLayer, effective: Effective, name: str) -> str:
        """Say that a setting was stored, what holds now, and if a nearer one still hides it."""
        lines = [self.say(_SAVED[layer]), self.setting(effective, name)]
        if effective.source[name] != layer:
            lines.insert(1, self.say(N_("A nearer setting still holds for you here:")))
        return "\n".join(lines)

    def taken_back(self, layer: StoredLayer, effective: Effective, name: str | None) -> str:
        """Say that a setting, or all of them, was taken back, and what holds now."""
        lines = [self.say(_RESET[layer])]
        return "\n".join(lines if name is None else [*lines, self.setting(effective, name)])

    def _value(self, value: object) -> str:
        match value:
            case None:
                return self.say(N_("automatic"))
            case "":
                return self.say(N_("none"))
            case bool():
                return self.say(N_("on") if value else N_("off"))
            case _:
                return str(value)

    # ── jobs ────────────────────────────────────────────────────────────────────────────────────────────────────

    def queue(self, standings: Sequence[Standing]) -> str:
        """List a person's unfinished jobs and their places."""
        if not standings:
            return self.say(N_("Nothing of yours is waiting. Tell me what to draw!"))
        return "\n".join(
            f"{number}. {self._subject(standing.job)} — {self._standing(standing)}"
            for number, standing in enumerate(standings, 1)
        )

    def _standing(self, standing: Standing) -> str:
        job = standing.job
        if job.state is State.QUEUED:
            return self._waiting(standing.ahead, standing.wait_s)
        if job.state is not State.RUNNING:
            return self.say(N_("finished, about to be posted"))
        if job.progress is None:
            return self.say(N_("being drawn"))
        return self.say(N_("being drawn, {percent} %"), percent=round(job.progress * 100))

    def _waiting(self, ahead: int, wait_s: float | None) -> str:
        say, language = self._catalogues, self._language
        if wait_s is None and ahead:
            return say.plural(language, "waiting, {n} comes before it", "waiting, {n} come before it", ahead)
        if wait_s is None:
            return self.say(N_("waiting, next in line"))
        if not ahead:
            return self.say(N_("waiting, next in line, about {wait}"), wait=Wait(wait_s))
        return say.plural(
            language,
            "waiting, {n} comes before it, about {wait}",
            "waiting, {n} come before it, about {wait}",
            ahead,
            wait=Wait(wait_s),
        )

    def stopped(self, jobs: int) -> str:
        """Say how many jobs are being stopped."""
        return self._catalogues.plural(self._language, "Stopped.", "Stopped all {n}.", jobs)

    def history(self, past: Sequence[Past]) -> str:
        """List a person's newest ended jobs: when, what, and what came of them."""
        if not past:
            return self.say(N_("There is nothing yet. Tell me what to draw!"))
        return "\n".join(f"{self._ago(each.job)} — {self._subject(each.job)} — {self._outcome(each)}" for each in past)

    def cleared(self, jobs: int) -> str:
        """Say how many jobs were deleted."""
        return self._catalogues.plural(
            self._language, "Deleted {n} request and its pictures.", "Deleted {n} requests and their pictures.", jobs
        )

    def details(self, past: Past) -> str:
        """Tell everything worth knowing of a job's pictures."""
        job, plan, facts = past.job, past.job.plan, past.job.facts
        if plan.shown_again:
            return f"{self._subject(job)} — {self._ago(job)}"
        model = facts.get("model") or plan.model
        revised = facts.get("revised_prompt")
        sent = facts.get("prompt") or revised
        seeds = [each.facts["seed"] for each in past.pictures if "seed" in each.facts]
        if not seeds and plan.seed is not None:
            seeds = [plan.seed]
        sizes = dict.fromkeys(f"{each.width} × {each.height}" for each in past.pictures)
        lines = [plan.prompt]
        if facts.get("enhanced") is False:
            lines.append(self.say(NOT_ENHANCED))
        if sent and sent != plan.prompt:
            lines.append(self.say(N_("Prompt sent: {prompt}"), prompt=sent))
        if revised and revised not in (plan.prompt, sent):
            lines.append(self.say(N_("Prompt used by the engine: {prompt}"), prompt=revised))
        if plan.negative:
            lines.append(self.say(N_("Negative: {prompt}"), prompt=plan.negative))
        lines.append(self.say(N_("Engine: {name}"), name=plan.engine))
        if model:
            lines.append(self.say(N_("Model: {name}"), name=model))
        if seeds:
            lines.append(self.say(N_("Seed: {value}"), value=", ".join(map(str, seeds))))
        if sizes:
            lines.append(self.say(N_("Size: {value}"), value=", ".join(sizes)))
        lines.append(self.say(N_("Time: {value}"), value=self._time(job)))
        if job.state in (State.FAILED, State.CANCELLED):
            lines.append(self._outcome(past))
        return "\n".join([*lines, *plan.adapted])

    def infotext(self, found: Infotext | None) -> str:
        """Tell what a picture says it was drawn from."""
        if found is None:
            return self.say(N_("This picture does not say what it was drawn from."))
        lines = [found.prompt] if found.prompt else []
        if found.negative:
            lines.append(self.say(N_("Negative: {prompt}"), prompt=found.negative))
        return "\n".join([*lines, *(f"{name}: {value}" for name, value in found.facts.items())])

    def _time(self, job: Job) -> str:
        if job.started is None or job.ended is None:
            return self._ago(job)
        return f"{self._ago(job)} · {self.say(N_('{seconds} s'), seconds=f'{job.ended - job.started:.1f}')}"

    def _outcome(self, past: Past) -> str:
        match past.job.state:
            case State.FAILED:
                return self._catalogues.error(self._language, stored_error(past.job))
            case State.CANCELLED:
                return self.say(N_("cancelled"))
            case _ if not past.pictures:
                return self.say(N_("deleted"))
            case _:
                return self._catalogues.plural(self._language, "{n} picture", "{n} pictures", len(past.pictures))

    def _subject(self, job: Job) -> str:
        if job.plan.shown_again:
            return self.say(N_("an earlier picture, shown again"))
        prompt = " ".join(job.plan.prompt.split())
        return prompt if len(prompt) <= PROMPT_START else prompt[: PROMPT_START - 1].rstrip() + "…"

    def _ago(self, job: Job) -> str:
        minutes = int(max(self._now - job.created, 0) // 60)
        say, language = self._catalogues, self._language
        if minutes < 1:
            return self.say(N_("just now"))
        if minutes < 60:
            return say.plural(language, "{n} minute ago", "{n} minutes ago", minutes)
        if minutes < 24 * 60:
            return say.plural(language, "{n} hour ago", "{n} hours ago", minutes // 60)
        return say.plural(language, "{n} day ago", "{n} days ago", minutes // (24 * 60))

    # ── engines ─────────────────────────────────────────────────────────────────────────────────────────────────

    def engines(self, engines: Mapping[str, Capabilities], effective: Effective) -> str:
        """List the engines with what they can do, and which of them are chosen here."""
        lines = [
            f"{id_} — "
            + " · ".join(self.say(word) for ability, word in _ABILITIES.items() if getattr(capabilities, ability))
            for id_, capabilities in engines.items()
        ]
        chosen = (self.setting(effective, name) for name in ("generate_engine", "edit_engine"))
        return "\n".join([*lines, "", *chosen])

    def models(self, engine: str, found: Sequence[Model], search: str) -> str:
        """List the models that match, the first 25 of them, and whatever else the engine has by name, kind by kind."""
        if not found and search:
            return self.say(N_("The engine {name} has no model with “{value}” in its name."), name=engine, value=search)
        if not found:
            return self.say(N_("The engine {name} draws in one way only; there is no model to choose."), name=engine)
        kinds = {kind: named for kind in _KINDS if (named := [each for each in found if each.kind == kind])}
        if len(kinds) == 1:
            return self._names(found)
        return "\n\n".join(f"{self.say(_KINDS[kind])}\n{self._names(named)}" for kind, named in kinds.items())

    def _names(self, found: Sequence[Model]) -> str:
        lines = [
            f"{each.id} — {self._catalogues.translate(self._language, each.title)}" if each.title else each.id
            for each in found[:MODELS_SHOWN]
        ]
        if more := len(found) - len(lines):
            lines.append(
                self._catalogues.plural(
                    self._language,
                    "And {n} more. Add a part of its name to find it.",
                    "And {n} more. Add a part of a name to find it.",
                    more,
                )
            )
        return "\n".join(lines)

    def tested(self, engine: str, health: Health) -> str:
        """Say whether an engine can be used."""
        sentence = self._catalogues.translate(self._language, health.sentence)
        return f"{'✓' if health.ok else '✗'} {engine}: {sentence}"

    # ── Easel itself ────────────────────────────────────────────────────────────────────────────────────────────

    def about(self, engines: Iterable[str]) -> str:
        """Say what Easel is, in which version, with which engines and licence."""
        return "\n".join(
            (
                self.say(N_("I am Easel {value}. I draw pictures and change them."), value=version("easel")),
                self.say(N_("Engines: {value}"), value=", ".join(engines)),
                self.say(N_("I am free software under the Apache License 2.0.")),
            )
        )
