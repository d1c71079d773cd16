"""What a server has by name. A list it does not have is None: then names are passed on as they were written."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

from bot.engines.automatic1111.choices import Entry, find, near
from bot.engines.automatic1111.client import LONG, Client, Refusal
from bot.engines.base import Model, ModelKind
from bot.errors import EngineRejected, UnknownChoice
from bot.i18n.marks import N_
from bot.net.errors import NetError

FRESH_S = 120.0
"""For how long a list holds; one that lacks a name is asked for again, but not within AGAIN_S."""
AGAIN_S = 5.0
LONGEST_NAME = 200
MOST = 5000
"""Names of a list that are looked at."""

WHAT: Mapping[ModelKind, str] = {
    "model": N_("model"),
    "sampler": N_("sampler"),
    "scheduler": N_("scheduler"),
    "style": N_("style"),
    "lora": N_("LoRA"),
    "upscaler": N_("upscaler"),
}
"""What people read of something that is not there."""
NO_UPSCALER = "None"
HEADING = "---"
"""What names of styles begin with that are none, but a line between others."""
Item = Mapping[str, object]


def _model(item: Item) -> Entry:
    title, name, file = _text(item, "title"), _text(item, "model_name"), _text(item, "filename")
    hashes = tuple(filter(None, (_text(item, "hash"), _text(item, "sha256"))))
    return Entry(title or name, name or title, (file,), hashes)


def _sampler(item: Item) -> Entry:
    return Entry(_text(item, "name"), also=_texts(item, "aliases"))


def _scheduler(item: Item) -> Entry:
    """A1111 takes `karras` and `Karras`; the other servers what they call `name`, in whichever case they do."""
    name, label = _text(item, "name"), _text(item, "label")
    return Entry(label or name, name, _texts(item, "aliases"))


def _style(item: Item) -> Entry:
    name = _text(item, "name")
    return Entry("" if name.startswith(HEADING) else name)


def _lora(item: Item) -> Entry:
    """Where LoRAs have neither alias nor metadata, tags in the prompt are only words: there a path says which."""
    tagged = "alias" in item or "metadata" in item
    return Entry(_text(item, "name"), also=(_text(item, "alias"),), path="" if tagged else _text(item, "path"))


def _upscaler(item: Item) -> Entry:
    name = _text(item, "name")
    return Entry("" if name == NO_UPSCALER else name)


SOURCES: Mapping[ModelKind, tuple[str, Callable[[Item], Entry]]] = {
    "model": ("/sdapi/v1/sd-models", _model),
    "sampler": ("/sdapi/v1/samplers", _sampler),
    "scheduler": ("/sdapi/v1/schedulers", _scheduler),
    "style": ("/sdapi/v1/prompt-styles", _style),
    "lora": ("/sdapi/v1/loras", _lora),
    "upscaler": ("/sdapi/v1/upscalers", _upscaler),
}


class Lists:
    """The lists of one server, remembered for a while."""

    def __init__(self, engine: str, client: Client) -> None:
        """`engine` is the id named in errors."""
        self._engine = engine
        self._client = client
        self._known: dict[ModelKind, tuple[float, Sequence[Entry] | None]] = {}

    async def all(self) -> list[Model]:
        """Return everything that has a name, asked for anew. Raises NetError, Refusal."""
        found: list[Model] = []
        for kind in SOURCES:
            entries = await self.fresh(kind) or ()
            found += [Model(each.shown, each.name if each.id else "", kind) for each in entries]
        return found

    async def fresh(self, kind: ModelKind) -> Sequence[Entry] | None:
        """Return a list as it is now. Raises NetError, Refusal."""
        path, read = SOURCES[kind]
        items = await self._client.found(path, LONG)
        entries: Sequence[Entry] | None = None
        if isinstance(items, list):
            read_ = [read(item) for item in items[:MOST] if isinstance(item, dict)]
            entries = tuple({each.shown: each for each in read_ if each.name}.values())
        self._known[kind] = asyncio.get_running_loop().time(), entries
        return entries

    async def get(self, kind: ModelKind, at_most_s: float = FRESH_S) -> Sequence[Entry] | None:
        """Return a list, at most so many seconds old; None where there is none, or it cannot be had just now.

        Whether the server is there at all, the drawing itself will tell. Raises Refusal for wrong credentials.
        """
        asked, entries = self._known.get(kind, (float("-inf"), None))
        if asyncio.get_running_loop().time() - asked <= at_most_s:
            return entries
        try:
            return await self.fresh(kind)
        except NetError:
            return entries
        except Refusal as refusal:
            if refusal.status in (401, 403):
                raise
            return entries

    async def find(self, kind: ModelKind, wanted: str) -> Entry | None:
        """Return what is meant by a name; None where the server has no such list. Raises UnknownChoice, Refusal."""
        entries = await self.get(kind)
        if entries is None or (found := find(wanted, entries)) is not None:
            return None if entries is None else found
        entries = await self.get(kind, AGAIN_S) or entries  # it may have been added since
        if (found := find(wanted, entries)) is not None:
            return found
        raise self.unknown(kind, wanted, entries)

    def unknown(self, kind: ModelKind, wanted: str, entries: Sequence[Entry]) -> UnknownChoice | EngineRejected:
        """Return the error for a name the server does not have."""
        if not entries:
            return EngineRejected(engine=self._engine, field=WHAT[kind], detail=f"the server has no {kind} at all")
        value = wanted if len(wanted) <= 80 else wanted[:79] + "…"
        return UnknownChoice(
            engine=self._engine,
            what=WHAT[kind],
            value=value,
            known=near(wanted, entries),
            detail=f"none of the {len(entries)} it lists under {kind}",
        )


def _text(item: Item, key: str) -> str:
    value = item.get(key)
    return value if isinstance(value, str) and len(value) <= LONGEST_NAME * 4 and value.isprintable() else ""


def _texts(item: Item, key: str) -> tuple[str, ...]:
    values = item.get(key)
    return tuple(each for each in values if isinstance(each, str)) if isinstance(values, list) else ()
