"""The workflows of one engine: which of them a task takes, and what can be asked of it."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bot.engines.base import Capabilities, Corrections, InputRule
from bot.engines.comfyui.workflow import Workflow
from bot.sizes import SizeRule

GENERATE, EDIT = "generate", "edit"
"""The names of the workflows that are used where nobody asks for another."""
MORE_EDITS = re.compile(r"edit_[2-9]")
"""Like `edit`, for more pictures."""
BATCH = 4
"""Pictures of one prompt where the graph has a place for the count."""
MULTIPLE = 8
"""The latent space has one cell for 8 × 8 pixels; EmptyLatentImage cuts what is over."""
LARGEST_INPUT = 100_000_000
"""Bytes: the server takes requests of 100 MiB."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A workflow, and the values it gets where a task says none."""

    workflow: Workflow
    name: str = ""
    """By which it was asked for as a model; empty for those that are used unasked."""
    defaults: Mapping[str, object] = field(default_factory=dict)
    """Role → value."""


class Repertoire:
    """`generate` and `edit` (with `edit_2` … `edit_9`: the smallest that has a place for all pictures of a task) are
    used unasked. Any other workflow is asked for by its name, as if it were a model, or replaces one of these where
    the engine's own model is its name. It edits if it has a place for a picture, else it generates.

    An option is offered when any of the workflows that may be used has a place for it, `count` only when all have.
    """

    def __init__(
        self, workflows: Mapping[str, Workflow], defaults: Mapping[str, object], corrections: Corrections, *, free: bool
    ) -> None:
        """`defaults` (role → value; `model` may also be the name of a workflow) are for the workflows used unasked:
        one that is asked for by name has its own. Raises ValueError("key: what is wrong").
        """
        self.all = workflows
        unasked = {name: each for name, each in workflows.items() if _is_unasked(name)}
        self.named = {name: each for name, each in workflows.items() if name not in unasked}
        self._defaults = {role: value for role, value in defaults.items() if value not in (None, "")}
        if (own := self.named.get(str(self._defaults.get("model")))) is not None:
            del self._defaults["model"]
            edits = own.takes("image")
            unasked = {name: each for name, each in unasked.items() if _is_edit(name) is not edits}
            unasked[EDIT if edits else GENERATE] = own
        self._generate = unasked.get(GENERATE)
        changing = [each for name, each in unasked.items() if _is_edit(name)]
        self._edits = sorted(changing, key=lambda each: len(each.places("image")))
        self._free = free
        self._corrections = corrections
        self._check(unasked)
        self._capabilities = _capabilities(self._generate, self._edits, free).corrected(corrections)

    def generating(self, model: str | None) -> Chosen | None:
        """Return the workflow that draws from words, with this model or of this name; None if there is none."""
        if model is not None and (workflow := self.named.get(model)) is not None:
            return None if workflow.takes("image") else Chosen(workflow, model)
        return self._chosen(self._generate, "strength")

    def editing(self, model: str | None, pictures: int, *, masked: bool) -> Chosen | None:
        """Return the workflow that changes so many pictures; None if there is none."""
        if model is not None and (workflow := self.named.get(model)) is not None:
            return Chosen(workflow, model) if workflow.takes("image") else None
        fitting = [each for each in self._edits if each.takes("mask")] if masked else []
        fitting = fitting or self._edits
        large = (each for each in fitting if len(each.places("image")) >= pictures)
        return self._chosen(next(large, fitting[-1] if fitting else None))

    def ready(self) -> dict[str, Chosen]:
        """Return every workflow by its name, as it is run."""
        used = [id(each) for each in self.unasked]
        return {
            name: Chosen(each, defaults=self._defaults if id(each) in used else {}) for name, each in self.all.items()
        }

    @property
    def unasked(self) -> list[Workflow]:
        """The workflows that are used where nobody asks for another."""
        return [each for each in (self._generate, *self._edits) if each is not None]

    @property
    def uses(self) -> str:
        """What the workflows are there for, in words."""
        unasked = (GENERATE if self._generate is not None else "", EDIT if self._edits else "")
        named = f" (by name: {', '.join(self.named)})" if self.named else ""
        return " and ".join(filter(None, unasked)) + named

    def capabilities(self, model: str | None = None) -> Capabilities:
        """Return what can be asked of a model, or of the workflow of this name."""
        if model is None or (workflow := self.named.get(model)) is None:
            return self._capabilities
        is_edit = workflow.takes("image")
        own = _capabilities(None if is_edit else workflow, [workflow] if is_edit else [], self._free)
        return own.corrected(
            {name: value for name, value in self._corrections.items() if not _is_too_much(name, value, own)}
        )

    def _chosen(self, workflow: Workflow | None, *without: str) -> Chosen | None:
        if workflow is None:
            return None
        return Chosen(workflow, "", {role: each for role, each in self._defaults.items() if role not in without})

    def _check(self, unasked: Mapping[str, Workflow]) -> None:
        if self._generate is None and not self._edits:
            other = f", or model must name one of {', '.join(self.named)}" if self.named else ""
            raise ValueError(f"workflows: must hold one called generate, or edit, or both{other}")
        for name, each in unasked.items():
            if _is_edit(name) and not each.takes("image"):
                raise ValueError(f"workflows.{name}.nodes.image: must say which node takes the picture to change")
        for role in self._defaults:
            if not any(each.takes(role) for each in unasked.values()):
                raise ValueError(f"{role}: no workflow has a place for it; say which in nodes.{role}")
        own = _capabilities(self._generate, self._edits, free=True)
        for name, value in self._corrections.items():
            if _is_too_much(name, value, own):
                raise ValueError(f"supports.{name}: no workflow has a place for that; add it to its nodes")


def _is_edit(name: str) -> bool:
    return name == EDIT or MORE_EDITS.fullmatch(name) is not None


def _is_unasked(name: str) -> bool:
    return name == GENERATE or _is_edit(name)


def _is_too_much(name: str, value: object, own: Capabilities) -> bool:
    """Tell whether a correction claims what the graphs have no place for."""
    if name == "free":
        return False
    can = getattr(own, name)
    return (value is True and not can) or (name == "max_inputs" and isinstance(value, int) and value > can)


def _capabilities(generate: Workflow | None, edits: Sequence[Workflow], free: bool) -> Capabilities:
    """Return what these graphs can do."""
    every = [each for each in (generate, *edits) if each is not None]
    masks = any(each.takes("mask") for each in edits)

    def any_takes(role: str) -> bool:
        return any(each.takes(role) for each in every)

    return Capabilities(
        generate=generate is not None,
        edit=bool(edits),
        mask=masks,
        max_inputs=max((len(each.places("image")) for each in edits), default=1),
        inputs=InputRule(max_bytes=LARGEST_INPUT, needs_mask=masks),
        max_count=BATCH if all(each.takes("count") for each in every) else 1,
        sizes=_sizes(generate),
        size=any(each.takes("width") or each.takes("height") for each in ([generate] if generate else edits)),
        seed=any_takes("seed"),
        steps=any_takes("steps"),
        guidance=any_takes("guidance"),
        strength=any(each.takes("strength") for each in edits),
        negative=any_takes("negative"),
        sampler=any_takes("sampler"),
        progress=True,
        preview=True,
        cancel=True,
        resumable=True,
        free=free,
    )


def _sizes(workflow: Workflow | None) -> SizeRule:
    """Return the sizes; where nobody asks for one, the graph's own holds."""
    rule = SizeRule(multiple=MULTIPLE)
    width, height = (workflow.own("width"), workflow.own("height")) if workflow is not None else (None, None)
    if not isinstance(width, int) or not isinstance(height, int):
        return rule
    if min(width, height) < rule.minimum or max(width, height) > rule.maximum:
        return rule
    return dataclasses.replace(rule, default=(width // MULTIPLE * MULTIPLE, height // MULTIPLE * MULTIPLE))
