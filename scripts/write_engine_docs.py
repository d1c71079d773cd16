"""Bring the tables of docs/engines.md up to date with the code: `python scripts/write_engine_docs.py`."""

from __future__ import annotations

import inspect
import re
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from functools import cache
from math import prod
from pathlib import Path
from typing import get_args

from bot import errors
from bot.engines.base import Capabilities, Engine
from bot.engines.pool import FAILURES, Pool
from bot.engines.registry import Registry
from bot.errors import BotError, EngineError
from bot.pictures.sandbox import Sandbox
from bot.settings.engines import EngineSettings, Role
from bot.sizes import SizeRule

PAGE = Path(__file__).parent.parent / "docs" / "engines.md"

CLOUD: Mapping[str, Mapping[str, object]] = {
    "gpt-image-2": {"type": "openai", "model": "gpt-image-2"},
    "dall-e-3": {"type": "openai", "model": "dall-e-3"},
    "dall-e-2": {"type": "openai", "model": "dall-e-2"},
    "other": {"type": "openai", "model": "any other", "urls": ["http://gateway.example:4000/v1"]},
    "Gemini Flash": {"type": "gemini", "model": "gemini-3.1-flash-image"},
    "Gemini Pro": {"type": "gemini", "model": "gemini-3-pro-image"},
}
HOME: Mapping[str, Mapping[str, object]] = {
    "demo": {"type": "demo"},
    "automatic1111": {"type": "automatic1111", "urls": ["http://127.0.0.1:7860"]},
    "comfyui": {"type": "comfyui", "urls": ["http://127.0.0.1:8188"]},
}
"""Heading → the engine as it is configured most simply; a ComfyUI gets workflows in which every role has a place."""

CAN: Mapping[str, str] = {
    "generate": "draws from words",
    "edit": "changes pictures",
    "max_inputs": "… taking so many",
    "mask": "… only where a mask says",
    "max_count": "pictures of one call",
    "size": "`--size`",
    "seed": "`--seed`",
    "steps": "`--steps`",
    "guidance": "`--guidance`",
    "strength": "`--strength`, of changes",
    "negative": "`--negative`",
    "sampler": "`--sampler`, `--scheduler`",
    "loras": "`--lora`",
    "styles": "`--style`",
    "describe": "describes pictures",
    "upscale": "makes pictures larger",
    "progress": "tells its progress",
    "preview": "shows previews",
    "cancel": "Cancel stops it there",
    "resumable": "found after a restart",
    "free": "drawn anew after a crash",
}
ELSEWHERE = {"sizes", "inputs"}
"""Fields of the capabilities that have a table of their own, or are seen to by the core alone."""
ONLY_EDITS = {"max_inputs", "mask", "strength"}
NO = "–"
LONGEST_LINE = 120

NOT_THE_ENGINES: Sequence[type[BotError]] = (
    errors.Moderated,
    errors.ModerationAway,
    errors.Gone,
    errors.UnfitPicture,
    errors.UnknownEngine,
    errors.StorageFull,
    errors.Internal,
)
"""What a job can end with besides."""


def cloud() -> str:
    """Return the table of what cloud services can do."""
    return _abilities(CLOUD)


def home() -> str:
    """Return the table of what engines on one's own machines can do."""
    return _abilities(HOME)


def sizes() -> str:
    """Return the table of the sizes that are drawn."""
    every = {**CLOUD, **HOME}
    return _table(
        ("Type", "Model", "Sizes", "Without `--size`"),
        (
            (f"`{each['type']}`", str(each.get("model", NO)), _sizes(can.sizes), _size(can.sizes.default))
            for each, can in zip(every.values(), _engines(every).values(), strict=True)
        ),
    )


def faults() -> str:
    """Return the table of what can go wrong."""
    own = [each for each in vars(errors).values() if inspect.isclass(each) and issubclass(each, EngineError)]
    return _table(
        ("In the log", "What happened", "What the person reads", "What Easel does"),
        (
            (f"`{each.__name__}`", _happened(each), _read(each), "; ".join(_does(each)))
            for each in (*_in_order(own), *NOT_THE_ENGINES)
        ),
    )


def updated(page: str) -> str:
    """Return the page with its tables as they should be."""
    tables: Mapping[str, Callable[[], str]] = {"cloud": cloud, "home": home, "sizes": sizes, "faults": faults}
    for name, table in tables.items():
        before, begin, rest = page.partition(f"<!-- {name}: written by scripts/write_engine_docs.py -->")
        _, end, after = rest.partition(f"<!-- end of {name} -->")
        page = f"{before}{begin}\n\n{table()}\n{end}{after}"
    return page


# ── what engines can do ─────────────────────────────────────────────────────────────────────────────────────────────


def _abilities(configured: Mapping[str, Mapping[str, object]]) -> str:
    engines = _engines(configured)
    if unnamed := {each.name for each in fields(Capabilities)} - CAN.keys() - ELSEWHERE:
        raise KeyError(f"CAN has no words for {unnamed}")
    rows = ((words, *(_cell(can, name) for can in engines.values())) for name, words in CAN.items())
    return _table(("", *engines), rows)


def _engines(configured: Mapping[str, Mapping[str, object]]) -> dict[str, Capabilities]:
    """Make the engines as the configuration does, and ask them."""
    with tempfile.TemporaryDirectory() as folder:
        settings = {
            f"e{number}": EngineSettings.model_validate({**each, **_workflows(Path(folder), str(each["type"]))})
            for number, each in enumerate(configured.values())
        }
        registry = Registry.build(settings, Sandbox())
    return dict(zip(configured, (registry.get(id_).capabilities() for id_ in registry), strict=True))


def _workflows(folder: Path, type_: str) -> dict[str, object]:
    """Return a workflow that draws and one that edits, with a place for everything each may be told."""
    if type_ != "comfyui":
        return {}
    workflows = {}
    for name, roles in {
        "generate": set(get_args(Role)) - {"image", "mask", "strength"},
        "edit": set(get_args(Role)),
    }.items():
        file = folder / f"{name}.json"
        inputs = ", ".join(f'"{role}": 1024' for role in roles)
        file.write_text(f'{{"1": {{"class_type": "Any", "inputs": {{{inputs}}}}}}}', "utf-8")
        workflows[name] = {"file": file, "nodes": {role: {"ids": ["1"], "key": role} for role in roles}}
    return {"workflows": workflows}


def _cell(can: Capabilities, name: str) -> str:
    value = getattr(can, name)
    if value is False or (name in ONLY_EDITS and not can.edit):
        return NO
    return "yes" if value is True else str(value)


def _sizes(rule: SizeRule) -> str:
    if 0 < len(rule.fixed) <= 5:
        return ", ".join(map(_size, rule.fixed))
    if rule.fixed:
        ratio = max(max(size) / min(size) for size in rule.fixed)
        areas = sorted(map(prod, rule.fixed))
        return f"{len(rule.fixed)}, up to {ratio:.2g}:1, {_megapixels(areas[0])} to {_megapixels(areas[-1])} megapixels"
    words = f"multiples of {rule.multiple}, sides {rule.minimum} to {rule.maximum}"
    if rule.max_ratio is not None:
        words += f", up to {rule.max_ratio:g}:1"
    if rule.min_pixels is not None and rule.max_pixels is not None:
        words += f", {_megapixels(rule.min_pixels)} to {_megapixels(rule.max_pixels)} megapixels"
    return words


def _size(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"


def _megapixels(pixels: int) -> str:
    return f"{pixels / 1e6:.1f}"


# ── what can go wrong ───────────────────────────────────────────────────────────────────────────────────────────────


def _in_order(kinds: Iterable[type[EngineError]]) -> list[type[EngineError]]:
    """Return the classes as they stand in their file, the one all others are at the end."""
    return sorted(set(kinds), key=lambda each: (each is EngineError, inspect.getsourcelines(each)[1]))


def _happened(kind: type[BotError]) -> str:
    """Return the first sentence of what the class says of itself."""
    said = " ".join((kind.__doc__ or "").replace("; subclasses say why", "").split())
    return said.partition(". ")[0].rstrip(".")


def _read(kind: type[BotError]) -> str:
    return re.sub(r"\{(\w+)\}", r"*\1*", kind.sentence)


def _does(kind: type[BotError]) -> Iterable[str]:
    alone, among = _waits(kind, machines=1), _waits(kind, machines=2)
    if alone or among:
        yield "waits" if alone else "another machine"
    if _rests(kind, machines=1):
        yield "machine rests"
    elif _rests(kind, machines=2):
        yield "machine rests if there are others"
    elif _rests(kind, machines=1, jobs=FAILURES):
        yield f"machine rests after {FAILURES} in a row"
    yield "given back" if kind.refund else "not given back"
    if kind.may_cost:
        yield "counts as spent"
    if kind.tell_operator:
        yield "warning"


def _waits(kind: type[BotError], *, machines: int) -> bool:
    pool, address, error = _working_pool(machines), "0", _example(kind)
    pool.heard(address, error)
    return pool.may_wait(error)


def _rests(kind: type[BotError], *, machines: int, jobs: int = 1) -> bool:
    pool, address = _working_pool(machines), "0"
    for _ in range(jobs):
        pool.heard(address, _example(kind))
    return address not in pool.room()


def _working_pool(machines: int) -> Pool:
    """Return a pool of machines "0", "1" … that have all worked."""
    pool = Pool({str(number): _demo() for number in range(machines)}, slots=1)
    for address in pool.engines:
        pool.heard(address)
    return pool


@cache
def _demo() -> Engine:
    return Registry.build({"demo": EngineSettings(type="demo")}, Sandbox()).get("demo")


def _example(kind: type[BotError]) -> BotError:
    return kind(**dict.fromkeys(re.findall(r"\{(\w+)\}", kind.sentence), "…"))


# ── tables ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Return a table, its columns as wide as what is in them where that makes it readable as it is."""
    lines = [head, *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    if sum(widths) + 3 * len(widths) >= LONGEST_LINE:
        widths = [0] * len(widths)
    rule = tuple("-" * max(3, width) for width in widths)
    return "".join(
        f"| {' | '.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))} |\n"
        for line in (head, rule, *lines[1:])
    )


if __name__ == "__main__":
    PAGE.write_text(updated(PAGE.read_text("utf-8")), "utf-8")
