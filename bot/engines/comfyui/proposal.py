"""What a graph seems to be made of: a mapping as it is proposed to whoever brought the graph. Plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

ROLES = (
    *("prompt", "negative", "model", "image", "mask", "width", "height", "count", "steps", "seed", "guidance"),
    *("strength", "sampler", "scheduler"),
)
"""In the order in which they are shown."""


@dataclass(frozen=True, slots=True)
class Words:
    """A sentence of the catalogue, or a few words, and what its placeholders hold: values, or Words again."""

    sentence: str
    args: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        """Return it in English."""
        return self.sentence.format(**self.args)


NOTHING = Words("")


@dataclass(frozen=True, slots=True)
class Place:
    """One input of one node."""

    node: str
    key: str


@dataclass(frozen=True, slots=True)
class Row:
    """What the configuration calls a row: these nodes' input `key` is the place for `role`."""

    role: str
    ids: tuple[str, ...]
    key: str
    why: Words = NOTHING

    @property
    def places(self) -> tuple[Place, ...]:
        """The same, one by one."""
        return tuple(Place(node, self.key) for node in self.ids)


@dataclass(frozen=True, slots=True)
class Remark:
    """Something to know, or a choice that was made and could have been another one: then `others` has that."""

    words: Words
    others: tuple[Row, ...] = ()


@dataclass(frozen=True, slots=True)
class Proposal:
    """A mapping of a graph, why it is so, and what stands in its way."""

    does: Literal["generate", "edit", "inpaint"]
    rows: tuple[Row, ...]
    """In the order of ROLES; several of a role where its nodes have different inputs for it."""
    samplers: tuple[str, ...]
    """Ids, the one that begins first."""
    savers: tuple[str, ...]
    """Ids of the nodes that give pictures away."""
    remarks: tuple[Remark, ...] = ()
    problems: tuple[Words, ...] = ()
    """What must be put right before the graph can be used."""

    @property
    def workflow(self) -> Literal["generate", "edit"]:
        """The name of the workflow it can be."""
        return "generate" if self.does == "generate" else "edit"

    def of(self, role: str) -> tuple[Row, ...]:
        """Return the rows of a role."""
        return tuple(row for row in self.rows if row.role == role)
