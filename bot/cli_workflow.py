"""`easel workflow inspect`: what a ComfyUI workflow does, and the lines of configuration for it."""

from __future__ import annotations

import asyncio
import json
import os
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from bot.cli_offline import read_config
from bot.config import DEFAULT_FILE, FILE_VARIABLE
from bot.engines.comfyui.mapping import propose
from bot.engines.comfyui.proposal import ROLES, Proposal, Row
from bot.engines.comfyui.tracing import Nodes, clean
from bot.engines.comfyui.workflow import Graph
from bot.settings.engines import EngineSettings

DOES = {
    "generate": "draws pictures from words",
    "edit": "changes a picture by words",
    "inpaint": "changes the marked part of a picture by words",
}
NEW_ENGINE = "comfyui"
"""The id that is proposed where no engine is named."""
LONGEST_VALUE, LONGEST_TITLE = 36, 36
"""Characters in the table."""
NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")


@dataclass(frozen=True, slots=True)
class Inspected:
    """A workflow, what was found, and what it is to be called."""

    graph: Graph
    proposal: Proposal
    file: str
    """As the configuration names it."""
    engine: str
    name: str
    is_new: bool
    """The engine is not configured yet."""
    save: str
    """The command that writes `file`, if it has to be written yet."""


@click.group()
def workflow() -> None:
    """Look at ComfyUI workflows."""


@workflow.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--engine", help="The configured engine it is for: asks its server whether it has what the workflow needs."
)
@click.option("--name", help="What to call it; generate or edit if left out. People choose others as a model.")
@click.option("--toml", is_flag=True, help="Print the lines for the configuration only.")
@click.option("--save", type=click.Path(path_type=Path), help="Write the workflow to this new file, as from a picture.")
@click.pass_context
def inspect(
    context: click.Context, file: Path, engine: str | None, name: str | None, toml: bool, save: Path | None
) -> int:
    """Say what the workflow in FILE does, and propose the configuration for it.

    FILE is a workflow in the API format (in ComfyUI: File → Export (API)), or a PNG that ComfyUI saved.
    """
    if name is not None and not NAME.fullmatch(name):
        raise click.ClickException("--name: small letters, digits and _ only, and a letter first")
    from bot.engines.comfyui.inspecting import read

    try:
        brought = read(file)
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    graph, proposal = brought.graph, propose(brought.graph)
    configured = None
    if engine is not None:
        configured = _engine(context, engine)
        proposal = asyncio.run(_ask(engine, configured, graph, proposal))
    if save is not None:
        try:
            with save.open("x", encoding="utf-8") as target:
                json.dump(graph, target, indent=2)
        except FileExistsError:
            raise click.ClickException(f"--save: there is a file {save} already") from None
    saved = save or (file.with_name(f"{file.stem}_api.json") if brought.from_picture else file)
    found = Inspected(
        graph=graph,
        proposal=proposal,
        file=_named(context, saved),
        engine=engine or NEW_ENGINE,
        name=name or proposal.workflow,
        is_new=configured is None,
        save="" if saved == (save or file) else f"easel workflow inspect {file} --save {saved}",
    )
    if toml:
        for problem in proposal.problems:
            click.echo(problem, err=True)
    else:
        for line in _report(found, file):
            click.echo(line)
        if configured is not None and found.name in configured.workflows:
            click.echo(f"# In place of the lines for {found.name} that are in the configuration already:")
    click.echo("\n".join(_toml(found)))
    return 1 if proposal.problems else 0


def _engine(context: click.Context, id_: str) -> EngineSettings:
    engines = read_config(context).engines
    if id_ not in engines:
        raise click.ClickException(f"there is no engine “{id_}”; there is: {', '.join(engines)}")
    if engines[id_].type != "comfyui":
        raise click.ClickException(f"the engine {id_} is of type {engines[id_].type}; only comfyui has workflows")
    return engines[id_]


async def _ask(engine: str, settings: EngineSettings, graph: Graph, proposal: Proposal) -> Proposal:
    """Compare with the engine's first machine; the others are its equals."""
    from bot.engines.comfyui.client import Client
    from bot.engines.comfyui.inspecting import compared
    from bot.engines.making import connect

    try:
        http = connect(settings)
    except ValueError as error:
        raise click.ClickException(f"engines.{engine}.{error}") from error
    try:
        return await compared(Client(http), graph, proposal)
    finally:
        await http.aclose()


def _named(context: click.Context, file: Path) -> str:
    """Return a file as the configuration names it: relative to its folder, if it is below that."""
    configuration = context.obj or Path(os.environ.get(FILE_VARIABLE) or DEFAULT_FILE)
    folder, whole = configuration.absolute().parent.resolve(), file.resolve()
    return (whole.relative_to(folder) if whole.is_relative_to(folder) else whole).as_posix()


# ── for people ──────────────────────────────────────────────────────────────────────────────────────────────────


def _report(found: Inspected, file: Path) -> Iterator[str]:
    nodes, proposal = Nodes(found.graph), found.proposal
    yield f"{file} {DOES[proposal.does]}."
    if proposal.samplers:
        yield f"Samplers: {nodes.listed(proposal.samplers)}"
    if proposal.savers:
        yield f"Output:   {nodes.listed(proposal.savers)}"
    yield ""
    table = [("role", "node . input", "has now", "why")]
    for row in proposal.rows:
        table += [(row.role, *_place(nodes, row, index), str(row.why)) for index in range(len(row.ids))]
    widths = [max(map(_cells, column)) for column in zip(*table, strict=True)]
    for line in table if proposal.rows else ():
        yield "  ".join(cell + " " * (width - _cells(cell)) for cell, width in zip(line, widths, strict=True)).rstrip()
    if proposal.rows:
        yield ""
    if proposal.problems:
        yield "To be put right:"
        yield from (f"- {problem}" for problem in proposal.problems)
        yield ""
    if proposal.remarks:
        yield "Good to know:"
        for remark in proposal.remarks:
            yield f"- {remark.words}"
            for row in remark.others:
                for index in range(len(row.ids)):
                    place, value = _place(nodes, row, index)
                    yield f"    {row.role} could be {place}, which has {value}"
        yield ""
    yield "For the configuration:"
    yield ""


def _place(nodes: Nodes, row: Row, index: int) -> tuple[str, str]:
    """Return where a row is, and the value that stands there."""
    place = row.places[index]
    title = clean(nodes.title(place.node), LONGEST_TITLE)
    called = f"{clean(place.node)} “{title}”" if title else nodes.named(place.node)
    return f"{called} . {clean(place.key)}", _value(nodes.value(place))


def _value(value: object) -> str:
    return f"“{clean(value, LONGEST_VALUE)}”" if isinstance(value, str) else clean(json.dumps(value), LONGEST_VALUE)


def _cells(text: str) -> int:
    """Return how many columns of a terminal a text takes: Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in text)


# ── for the configuration ───────────────────────────────────────────────────────────────────────────────────────


def _toml(found: Inspected) -> Iterator[str]:
    """Yield the tables; what could be otherwise stands beside its role as a comment."""
    nodes, proposal = Nodes(found.graph), found.proposal
    table = f"engines.{found.engine}.workflows.{found.name}"
    if found.is_new:
        yield f"[engines.{found.engine}]"
        yield 'type = "comfyui"'
        yield 'urls = ["http://127.0.0.1:8188"]'
        yield ""
    yield f"[{table}]"
    yield f"file = {_quoted(found.file)}" + (
        f"    # to be written with: {clean(found.save, 400)}" if found.save else ""
    )
    yield ""
    yield f"[{table}.nodes]"
    for role in ROLES:
        rows = [_inline(row) for row in proposal.of(role)]
        if rows:
            yield f"{role} = {rows[0] if len(rows) == 1 else '[' + ', '.join(rows) + ']'}"
        for other in (row for remark in proposal.remarks for row in remark.others if row.role == role):
            place, value = _place(nodes, other, 0)
            yield f"# {role} = {_inline(other)}    # could be: {place} = {value}"


def _inline(row: Row) -> str:
    return f"{{ ids = [{', '.join(map(_quoted, row.ids))}], key = {_quoted(row.key)} }}"


def _quoted(text: str) -> str:
    """Return a TOML string; what JSON writes without escapes, TOML does too, but for DEL."""
    whole = text.encode("utf-8", "replace").decode()  # half a character, which JSON may have, is none
    return json.dumps(whole, ensure_ascii=False).replace("\x7f", "\\u007f")
