"""A mapping for a graph, found by following its links back from the pictures it gives: which input takes the prompt,
the seed, the size, the picture. What could also be meant otherwise is said, not guessed silently.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Literal

from bot.engines.comfyui import prompts, sizes, sources
from bot.engines.comfyui.proposal import NOTHING, ROLES, Place, Proposal, Remark, Row, Words
from bot.engines.comfyui.samplers import Sampler, kind_of, loaded, number, samplers, savers
from bot.engines.comfyui.tracing import PICTURE, Nodes, clean
from bot.engines.comfyui.workflow import NAMED, Graph
from bot.i18n.marks import N_

WITHOUT_GUIDANCE = 1.0
"""At this cfg the negative prompt is not looked at, and models made for it draw badly at others."""

TOLD = N_("set for {node}")
GUIDED = N_("the guidance in the prompt's conditioning")
LOADED = N_("the model of {node}")
BATCH = N_("how many pictures {node} makes")
ALONE = N_("the only input called so")

NO_SAVER = N_(
    "Nothing in this workflow saves a picture. Put a SaveImage node behind the last picture, and export the workflow "
    "again."
)
NO_PROMPT = N_(
    "Nothing in this workflow takes a prompt. Easel needs a node with a text, such as CLIPTextEncode, on the way to a "
    "sampler."
)
PROMPT_OPEN = N_("Several inputs could take the prompt, and Easel needs to know which one does.")
NO_SAMPLER = N_(
    "No sampler was found: this workflow draws with nodes that Easel does not know. What is proposed goes by the names "
    "of inputs; please look at it closely."
)
OWN = N_("Node {node} keeps its own {role}: {value}.")
ELSEWHERE = N_("The {role} cannot be chosen: node {source} decides it.")
SEVERAL = N_("Several nodes could take the {role}. Here {chosen} gets it, and the others keep what they have.")
CHOOSE = N_("Several inputs could take the {role}; please choose.")
TAKEN = N_("The {role} cannot be chosen: it comes from the same input as the {other}. Give each a node of its own.")
NO_GUIDANCE = N_("The guidance is 1, as for models that do without, so it is not offered.")
NO_NEGATIVE = N_("The guidance is 1, so a negative prompt would have no effect, and none is offered.")
TWO_GUIDANCES = N_("Node {node} has a guidance too; it keeps {value}.")
GREY = N_(
    "The strength stays at {value}: node {node} paints the marked part grey, and with less of it the grey would show."
)
HAND_OVER = N_(
    "The samplers {nodes} divide the steps between them at a fixed number, which stays when somebody asks for other "
    "steps."
)
ANEW = N_("The strength is 1, so the picture in node {node} counts for nothing until somebody asks for less.")


def propose(graph: Graph) -> Proposal:
    """Return a mapping of a graph in the API format. Never raises, whatever the graph is."""
    return _Reader(graph).proposal()


class _Reader:
    """One reading of a graph."""

    def __init__(self, graph: Graph) -> None:
        self._nodes = nodes = Nodes(graph)
        self._savers = savers(nodes)
        self._live = nodes.upstream(self._savers or tuple(graph))
        self._samplers = samplers(nodes, self._live)
        self._rows: list[Row] = []
        self._taken: dict[Place, str] = {}
        self._remarks: list[Remark] = []
        self._problems: list[Words] = []
        self._starts: list[str] = []
        self._masked = False

    def proposal(self) -> Proposal:
        self._check_links()
        if self._samplers:
            self._follow(self._samplers[0])
        else:
            self._say(NO_SAMPLER)
            self._by_names()
        if not any(row.role == "prompt" for row in self._rows):
            offered = any(row.role == "prompt" for remark in self._remarks for row in remark.others)
            self._problems.append(Words(PROMPT_OPEN if offered else NO_PROMPT))
        return Proposal(
            does=self._does,
            rows=tuple(sorted(self._rows, key=lambda row: ROLES.index(row.role))),
            samplers=tuple(each.id for each in self._samplers),
            savers=self._savers,
            remarks=tuple(self._remarks),
            problems=tuple(self._problems),
        )

    # ── by the links ────────────────────────────────────────────────────────────────────────────────────────────

    def _follow(self, main: Sampler) -> None:
        self._add_pictures()
        self._add_prompts(main)
        self._add_model(main)
        self._add_size(main)
        for role in ("seed", "steps", "sampler", "scheduler"):
            self._add_setting(role)
        self._add_guidance(main)
        self._add_strength(main)
        self._say_hand_over()

    def _add_prompts(self, main: Sampler) -> None:
        found = prompts.read(self._nodes, self._samplers)
        self._add_all("prompt", found.positive)
        cfg = self._guidance(main)
        if found.negative.first and cfg is not None and self._nodes.value(cfg) == WITHOUT_GUIDANCE:
            self._remarks.append(Remark(Words(NO_NEGATIVE), self._row("negative", found.negative.first)))
        else:
            self._add_all("negative", found.negative)
        self._remarks += [Remark(words) for words in found.remarks]

    def _add_all(self, role: str, found: prompts.Found) -> None:
        """Map a role to what was chosen for it, and say what else there was."""
        self._map(role, found.first, found.why)
        if found.others:
            others = [row for group in found.others for row in self._row(role, group)]
            chosen = self._nodes.listed(place.node for place in found.first)
            self._remarks.append(Remark(Words(SEVERAL, {"role": role, "chosen": chosen}), tuple(others)))

    def _guidance(self, main: Sampler) -> Place | None:
        place = main.place(self._nodes, "guidance")
        return self._nodes.settled(place, number) if place else None

    def _add_guidance(self, main: Sampler) -> None:
        nodes, place = self._nodes, self._guidance(main)
        cfg = nodes.value(place) if place else None
        told = [Place(node, "guidance") for node, _ in nodes.encoders(main.positive, "positive")]
        if places := [settled for each in told if (settled := nodes.settled(each, number))]:
            self._map("guidance", places, Words(GUIDED))
            if place and cfg != WITHOUT_GUIDANCE:
                words = Words(TWO_GUIDANCES, {"node": nodes.named(place.node), "value": cfg})
                self._remarks.append(Remark(words, self._row("guidance", [place])))
        elif place and cfg == WITHOUT_GUIDANCE:
            self._remarks.append(Remark(Words(NO_GUIDANCE), self._row("guidance", [place])))
        else:
            self._add_setting("guidance")

    def _add_setting(self, role: str) -> None:
        """Map what samplers are told: the same value is one setting, another value at a later sampler stays its own.

        A seed is no setting: it goes to all.
        """
        nodes, fits = self._nodes, kind_of(role)
        chosen: list[Place] = []
        users: list[str] = []
        for sampler in self._samplers:
            if (place := sampler.place(nodes, role)) is None:
                continue
            settled = nodes.settled(place, fits)
            if settled is None:
                self._decided(role, place)
            elif not chosen or role == "seed" or nodes.value(settled) == nodes.value(chosen[0]):
                chosen.append(settled)
                users.append(sampler.id)
            else:
                self._keeps(role, settled)
        self._map(role, chosen, Words(TOLD, {"node": nodes.listed(users)}))

    def _keeps(self, role: str, place: Place) -> None:
        value = clean(self._nodes.value(place))
        words = Words(OWN, {"role": role, "node": self._nodes.named(place.node), "value": value})
        self._remarks.append(Remark(words, self._row(role, [place])))

    def _decided(self, role: str, place: Place) -> None:
        if source := self._nodes.link(place.node, place.key):
            self._say(ELSEWHERE, role=role, source=self._nodes.named(source[0]))

    def _add_model(self, main: Sampler) -> None:
        nodes = self._nodes
        found = [list(loaded(nodes, sampler)) for sampler in self._samplers]
        own = list(dict.fromkeys(found[0]))
        if not own:
            return
        chosen, others = own[0], own[1:]
        later = [place for places in found[1:] for place in places if place not in own]
        same = [place for place in later if nodes.value(place) == nodes.value(chosen)]
        self._map("model", [chosen, *same], Words(LOADED, {"node": nodes.named(main.id)}))
        if others:
            words = Words(SEVERAL, {"role": "model", "chosen": nodes.named(chosen.node)})
            self._remarks.append(Remark(words, tuple(row for place in others for row in self._row("model", [place]))))
        for place in dict.fromkeys(place for place in later if place not in same):
            self._keeps("model", place)

    def _add_size(self, main: Sampler) -> None:
        found = sizes.read(self._nodes, main)
        for role, places in (("width", found.widths), ("height", found.heights)):
            self._map(role, places, found.why)
        self._map("count", found.counts[:1], Words(BATCH, {"node": self._nodes.named(main.id)}))
        for words in found.remarks:
            self._remarks.append(Remark(words))

    # ── pictures ────────────────────────────────────────────────────────────────────────────────────────────────

    def _add_pictures(self) -> None:
        nodes = self._nodes
        found = sources.pictures(nodes, self._samplers)
        given = [each for each in found if each.use not in sources.WEAK] or found
        images = [each.id for each in given]
        if given:
            why = Words(sources.WHY[given[0].use], {"node": nodes.named(given[0].user)})
            self._map("image", [Place(each.id, "image") for each in given], why)
        if len(given) > 1:
            first, *others = images
            self._say(sources.SEVERAL_PICTURES, first=nodes.named(first), others=nodes.listed(others))
        for each in found[len(given) :]:
            words = Words(sources.WHY[each.use], {"node": nodes.named(each.user)})
            kept = Words(sources.PICTURE_KEPT, {"node": nodes.named(each.id), "why": words})
            self._remarks.append(Remark(kept, self._row("image", [Place(each.id, "image")])))
        self._starts = [each.id for each in given if each.use == "start"]
        for id_ in sources.unused(nodes, self._live, [each.id for each in found]):
            kept = Words(sources.PICTURE_ELSEWHERE, {"node": nodes.named(id_)})
            self._remarks.append(Remark(kept, self._row("image", [Place(id_, "image")])))
        mask = sources.masks(nodes, self._samplers, images)
        self._map("mask", mask.places, Words(sources.MASK_ALONE))
        self._problems += mask.problems
        self._remarks += [Remark(words) for words in mask.remarks]
        self._masked = bool(mask.places or mask.problems)

    @property
    def _does(self) -> Literal["generate", "edit", "inpaint"]:
        mapped = {row.role for row in self._rows}
        if self._masked:
            return "inpaint"
        return "edit" if "image" in mapped else "generate"

    def _add_strength(self, main: Sampler) -> None:
        """Map the strength where the sampler draws over a picture: elsewhere less than all of it leaves noise."""
        nodes = self._nodes
        if not self._starts or (place := main.place(nodes, "strength")) is None:
            return
        if (settled := nodes.settled(place, number)) is None:
            self._decided("strength", place)
            return
        way = [node for node, _ in nodes.along(main.start, PICTURE)]
        if grey := [node for node in way if nodes.kind(node) in sources.GREYED]:
            words = Words(GREY, {"node": nodes.named(grey[0]), "value": nodes.value(settled)})
            self._remarks.append(Remark(words, self._row("strength", [settled])))
            return
        self._map("strength", [settled], Words(TOLD, {"node": nodes.named(main.id)}))
        fed = [each[0] for each in (main.positive, main.model) if each is not None]
        looked_at = nodes.upstream(fed).intersection(self._starts)
        if nodes.value(settled) == 1 and not looked_at and not self._masked:
            self._say(ANEW, node=nodes.named(self._starts[0]))

    def _say_hand_over(self) -> None:
        parts = [each.id for each in self._samplers if "start_at_step" in self._nodes.inputs(each.id)]
        if len(parts) > 1:
            self._say(HAND_OVER, nodes=self._nodes.listed(parts))

    # ── by the names of inputs ──────────────────────────────────────────────────────────────────────────────────

    def _by_names(self) -> None:
        nodes = self._nodes
        live = [id_ for id_ in nodes.graph if id_ in self._live]
        self._map("image", [Place(id_, "image") for id_ in live if sources.loads(nodes, id_)], Words(ALONE))
        for role, found in prompts.named(nodes, live):
            self._map(role, found if len(found) == 1 else [], Words(ALONE))
            if len(found) > 1:
                rows = tuple(row for place in found[:NAMED] for row in self._row(role, [place]))
                self._remarks.append(Remark(Words(CHOOSE, {"role": role}), rows))

    # ── within ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _check_links(self) -> None:
        nodes = self._nodes
        if not self._savers:
            self._problems.append(Words(NO_SAVER))
        self._problems += islice(nodes.broken(self._live), NAMED)

    def _map(self, role: str, places: Sequence[Place], why: Words) -> None:
        free = list(dict.fromkeys(place for place in places if self._taken.get(place, role) == role))
        if places and not free:
            self._say(TAKEN, role=role, other=self._taken[places[0]])
        for place in free:
            self._taken[place] = role
        self._rows += self._row(role, free, why)

    def _row(self, role: str, places: Sequence[Place], why: Words = NOTHING) -> tuple[Row, ...]:
        """Return the places as rows: one for each name of an input."""
        keys = dict.fromkeys(place.key for place in places)
        return tuple(
            Row(role, tuple(dict.fromkeys(place.node for place in places if place.key == key)), key, why)
            for key in keys
        )

    def _say(self, sentence: str, **args: object) -> None:
        self._remarks.append(Remark(Words(sentence, args)))
