"""The command line, and the one file of the core that knows the adapters: here the bot is put together.

Exit codes: 0 fine, 1 failed, 2 wrong use or configuration, 130 interrupted.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import os
import signal
import sys
import webbrowser
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.config import Config, load
from bot.errors import BotError, ConfigError

if TYPE_CHECKING:
    from adapters.local.platform import LocalPlatform
    from bot.app import Easel
    from bot.db.database import Database
    from bot.process import Adapter

PLATFORMS = ("discord", "matrix", "local", "workers")


def main() -> None:
    """Run the command line and exit."""
    try:
        code = commands(standalone_mode=False)
    except ConfigError as error:
        for problem in error.problems:
            click.echo(problem, err=True)
        sys.exit(2)
    except BotError as error:
        click.echo(error.sentence.format_map(error.args_), err=True)
        sys.exit(1)
    except OSError as error:
        click.echo(f"{error.filename}: {error.strerror}" if error.filename else str(error), err=True)
        sys.exit(1)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(code or 0)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="easel", prog_name="easel")
@click.option("--config", "path", type=click.Path(path_type=Path), help="The configuration file (also EASEL_CONFIG).")
@click.pass_context
def commands(context: click.Context, path: Path | None) -> None:
    """Easel draws pictures and changes them, for Discord, Matrix and a local web studio."""
    context.obj = path


def _config(context: click.Context) -> Config:
    config = load(context.obj, os.environ)
    # Logs go to standard error; what a command prints is its result.
    from bot.observe import configure_logging

    configure_logging(config.log_format, log_prompts=config.log_prompts)
    return config


@commands.command()
@click.option("--only", type=click.Choice(PLATFORMS), help="Serve just this platform, or just draw.")
@click.pass_context
def run(context: click.Context, only: str | None) -> int:
    """Run the bot."""
    from bot import process

    config = _config(context)
    studio: list[LocalPlatform] = []
    adapters = _adapters(config, only, studio)

    async def ready() -> None:
        if not studio:
            click.echo("Easel is ready.")
        for each in studio:
            click.echo(f"Easel is ready: {each.address}")
            if sys.stdout.isatty() and _desktop():
                await asyncio.to_thread(webbrowser.open, each.address)

    return 130 if asyncio.run(process.run(config, adapters, ready)) == signal.SIGINT else 0


def _adapters(config: Config, only: str | None, studio: list[LocalPlatform]) -> Mapping[str, Adapter]:
    """Return makers of the platforms that are configured, or of the only one asked for."""
    for name, wanted in (("discord", config.discord.token.get_secret_value()), ("matrix", config.matrix.homeserver)):
        if only == name or (wanted and only is None):
            key = "discord.token" if name == "discord" else "matrix.homeserver"
            variable = f"EASEL_{key.upper().replace('.', '__')}"
            raise ConfigError(f"{key}: this version of Easel cannot speak {name.capitalize()} yet ({variable})")

    def make_studio(easel: Easel, database: Database) -> LocalPlatform:
        from adapters.local.platform import LocalPlatform
        from bot.db.studio import StudioMessages

        studio.append(LocalPlatform(easel, StudioMessages(database), config))
        return studio[-1]

    return {"local": make_studio} if only == "local" or (only is None and config.studio_enabled) else {}


def _desktop() -> bool:
    """Tell whether somebody sits at this machine: a browser opened elsewhere helps nobody."""
    if os.environ.get("SSH_CONNECTION") or Path("/.dockerenv").exists():
        return False
    return sys.platform == "darwin" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


@commands.command()
@click.pass_context
def check(context: click.Context) -> int:
    """Check configuration, database and engines, one line each."""
    from bot.checkup import check as lines

    async def show() -> int:
        failed = 0
        async for line in lines(config):
            failed += not line.ok
            click.echo(f"{'ok    ' if line.ok else 'FAILED'}  {line.part}: {line.sentence}")
        return 1 if failed else 0

    config = _config(context)
    _adapters(config, None, [])  # a platform that cannot be served is a mistake here as in `run`
    return asyncio.run(show())


@commands.command()
@click.argument("prompt")
@click.option(
    "--image", "images", multiple=True, type=click.Path(path_type=Path), help="A picture to change; may be repeated."
)
@click.option("--mask", type=click.Path(path_type=Path), help="Its transparent pixels may change.")
@click.option("--engine", help="Which engine draws.")
@click.option("--size", help="1024x1024, square, portrait, landscape, 16:9 …")
@click.option("--count", type=click.IntRange(1, 10), help="How many pictures.")
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="The file to write.")
@click.pass_context
def imagine(
    context: click.Context,
    prompt: str,
    images: tuple[Path, ...],
    mask: Path | None,
    engine: str | None,
    size: str | None,
    count: int | None,
    output: Path,
) -> None:
    """Draw PROMPT, or change the given pictures by it. Options like --seed 7 may also stand in the prompt."""
    from bot import oneshot
    from bot.types import Options

    config = _config(context)
    if not output.absolute().parent.is_dir():  # known only after drawing, it might have cost money
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(output))
    options = Options(engine=engine, size=size, count=count)
    with _progress_bar() as progress:
        drawn = asyncio.run(
            oneshot.imagine(config, prompt, options, images=images, mask=mask, output=output, progress=progress)
        )
    for note in drawn.notes:
        click.echo(note, err=True)
    for file in drawn.files:
        click.echo(file)


@contextlib.contextmanager
def _progress_bar() -> Iterator[Callable[[float | None], None]]:
    """Show a bar on a terminal, nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda fraction: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Drawing", total=None)
        yield lambda fraction: bar.update(task, total=None if fraction is None else 1, completed=fraction)


@commands.command()
@click.argument("engine", required=False)
@click.pass_context
def models(context: click.Context, engine: str | None) -> None:
    """List the models of ENGINE, or of all engines."""
    from bot.engines.registry import Registry
    from bot.pictures.sandbox import Sandbox

    config = _config(context)

    async def show() -> None:
        async with Sandbox() as sandbox:
            engines = Registry.build(config.engines, sandbox)
            try:
                for id_ in [engine] if engine else list(engines):
                    for model in await engines.get(id_).models():
                        click.echo(f"{id_}\t{model.id}" + (f"\t{model.title}" if model.title else ""))
            finally:
                await engines.aclose()

    asyncio.run(show())


@commands.command()
def intent() -> None:
    """Say what Easel would do with the messages on standard input.

    Each is a line of JSON, such as {"text": "make it night", "replied": 1}.
    """
    from bot.intent import Rules, decide, from_json

    rules = Rules.load()
    for number, line in enumerate(sys.stdin, 1):
        if line.strip():
            try:
                decision = decide(from_json(line), rules)
            except ValueError as error:
                raise click.UsageError(f"line {number}: {error}") from error
            click.echo(json.dumps(decision.as_dict()))


@commands.group()
def db() -> None:
    """Care for the database."""


@db.command()
@click.pass_context
def upgrade(context: click.Context) -> None:
    """Bring the database up to date; `easel run` does it too."""
    from bot.db import migrate
    from bot.db.database import Database
    from bot.process import database_address

    config = _config(context)

    async def work() -> None:
        database = await Database.open(database_address(config))
        try:
            await migrate.upgrade(database)
        finally:
            await database.aclose()

    asyncio.run(work())
    click.echo("The database is up to date.")


@db.command()
@click.argument("target", type=click.Path(path_type=Path))
@click.pass_context
def backup(context: click.Context, target: Path) -> None:
    """Copy the database to the new file TARGET, also while Easel runs."""
    from bot.db.backup import backup as copy

    config = _config(context)
    if config.database_url is not None:
        raise click.UsageError("With PostgreSQL, please use pg_dump.")
    copy(config.data_dir / "easel.db", target)
    click.echo(f"Copied to {target}.")
