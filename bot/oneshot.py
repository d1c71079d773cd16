"""`easel imagine`: one picture from the command line, without the database and beside a running bot."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.config import Config
from bot.drawing import draw
from bot.engines.base import DrawnPicture, InputPicture, Run
from bot.engines.registry import Registry
from bot.errors import BadAnswer, EmptyEdit, EmptyPrompt, MaskWithoutPicture
from bot.flags import parse as parse_flags
from bot.i18n.catalogue import Catalogues
from bot.i18n.marks import N_
from bot.language_model import language_model
from bot.moderation import Moderation
from bot.pictures.describe import described, of_plan
from bot.pictures.inputs import prepare_mask
from bot.pictures.inspect import MIMES, InputLimits, Inspected, NotAPicture, inspect_result, prepare_input
from bot.pictures.sandbox import Sandbox
from bot.planning import Asked, Planner
from bot.preparing import NOT_ENHANCED, Preparer
from bot.prompts import Prompts
from bot.settings.layers import resolve
from bot.types import Kind, Options, Picture

Progress = Callable[[float | None], None]

OTHER_FORMAT = N_("{file} holds a {format}: that is what the engine draws, unchanged.")
ENDINGS = {"PNG": (".png",), "JPEG": (".jpg", ".jpeg", ".jpe"), "WEBP": (".webp",)}


@dataclass(frozen=True, slots=True)
class Drawn:
    """What came of it."""

    files: Sequence[Path]
    notes: Sequence[str]
    """What was adapted to the engine, as sentences."""


async def imagine(
    config: Config,
    text: str,
    options: Options,
    *,
    images: Sequence[Path],
    mask: Path | None,
    output: Path,
    progress: Progress,
) -> Drawn:
    """Draw `text`, or change `images` by it, and write `output` (`name-2.png` … for further pictures).

    The language model and moderation do what `config.defaults` say. Raises Refused and EngineError with the sentence to
    show, OSError when a file cannot be read or written.
    """
    parsed = parse_flags(text, options)
    if not parsed.text:
        raise EmptyEdit if images else EmptyPrompt
    if mask is not None and not images:
        raise MaskWithoutPicture
    async with contextlib.AsyncExitStack() as stack:
        prompts = Prompts(language_model(config), config.llm)
        stack.push_async_callback(prompts.aclose)
        sandbox = await stack.enter_async_context(Sandbox())
        moderation = Moderation(config.moderation, config.llm, sandbox=sandbox)
        stack.push_async_callback(moderation.aclose)
        engines = Registry.build(config.engines, sandbox)
        stack.push_async_callback(engines.aclose)
        inputs = [await _read(sandbox, path) for path in images]
        masks = [await prepare_mask(sandbox, await _read(sandbox, mask), inputs[0])] if mask else []
        catalogues = Catalogues()
        planner = Planner(engines, config.limits, catalogues, language_model=prompts.ready)
        effective = resolve({"operator": config.defaults}, config.limits)
        kind: Kind = "edit" if inputs else "generate"
        engine = planner.choose_engine(kind, parsed.options, effective, mask=bool(masks))
        used = inputs[: planner.max_inputs(engine, parsed.options)]
        asked = Asked(
            kind,
            parsed.text,
            parsed.options,
            [_picture(each) for each in used],
            _picture(masks[0]) if masks else None,
            given=len(inputs),
        )
        language = effective.language or config.language
        plan = planner.plan(asked, engine, effective, language)
        given = [InputPicture(each.data, each.mime, each.width, each.height) for each in [*used, *masks]]
        prepared = await Preparer(prompts, moderation, sandbox).prepare(plan, given[: len(used)])
        prompt = prepared.prompt
        files: list[Path] = []
        notes = list(plan.adapted)

        async def write(picture: DrawnPicture) -> None:
            path = output.with_stem(f"{output.stem}-{len(files) + 1}") if files else output
            try:
                clean = await inspect_result(sandbox, picture.taken())
            except NotAPicture as error:
                raise BadAnswer(engine=engine, detail=str(error)) from error
            data = clean.data
            if plan.metadata:
                text = of_plan(plan, width=clean.width, height=clean.height, seed=picture.seed, prompt=prompt)
                data = await described(data, text)
            await asyncio.to_thread(path.write_bytes, data)
            files.append(path)
            format = next(name for name, mime in MIMES.items() if mime == clean.mime)
            if path.suffix.lower() not in ENDINGS[format]:
                notes.append(catalogues.text(language, OTHER_FORMAT, file=path.name, format=format))

        configured = engines.configured(engine)
        run = Run(
            deadline=asyncio.get_running_loop().time() + configured.timeout_s,
            on_picture=write,
            on_progress=lambda fraction, preview: progress(fraction),
        )
        await draw(
            configured.engine,
            dataclasses.replace(plan, prompt=prompt),
            given[: len(used)],
            given[len(used)] if masks else None,
            run,
            timeout_s=configured.timeout_s,
            sandbox=sandbox,
        )
        if prepared.facts.get("enhanced") is False:
            notes.append(catalogues.text(language, NOT_ENHANCED))
        return Drawn(files, notes)


async def _read(sandbox: Sandbox, path: Path) -> Inspected:
    data = await asyncio.to_thread(path.read_bytes)
    return await prepare_input(sandbox, data, path.name, InputLimits())


def _picture(inspected: Inspected) -> Picture:
    return Picture("", inspected.mime, inspected.width, inspected.height, len(inspected.data))
