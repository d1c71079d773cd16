"""The command line, and the one file of the core that knows the adapters: here the bot is put together.

Exit codes: 0 fine, 1 failed, 2 wrong use or configuration, 130 interrupted.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import signal
import sys
import webbrowser
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli_offline import db, intent, models, read_config
from bot.cli_workflow import workflow
from bot.config import Config
from bot.errors import BotError, ConfigError

if TYPE_CHECKING:
    from adapters.discord.platform import DiscordPlatform
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
        click.echo(str(error), err=True)  # with the detail: who sits here may put it right
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


@commands.command()
@click.option("--only", type=click.Choice(PLATFORMS), help="Serve just this platform, or just draw.")
@click.pass_context
def run(context: click.Context, only: str | None) -> int:
    """Run the bot."""
    from bot import process

    config = read_config(context)
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
    if only == "matrix" or (config.matrix.homeserver and only is None):
        raise ConfigError("matrix.homeserver: this version of Easel cannot speak Matrix yet (EASEL_MATRIX__HOMESERVER)")
    token = config.discord.token.get_secret_value()
    if only == "discord" and not token:
        raise ConfigError("discord.token: is missing; docs/discord.md says how to get one (EASEL_DISCORD__TOKEN)")

    def make_discord(easel: Easel, database: Database) -> DiscordPlatform:
        from adapters.discord.platform import DiscordPlatform

        return DiscordPlatform(easel, config)

    def make_studio(easel: Easel, database: Database) -> LocalPlatform:
        from adapters.local.platform import LocalPlatform
        from bot.db.studio import StudioMessages

        studio.append(LocalPlatform(easel, StudioMessages(database), config))
        return studio[-1]

    adapters: dict[str, Adapter] = {}
    if token and only in (None, "discord"):
        adapters["discord"] = make_discord
    if only == "local" or (only is None and config.studio_enabled):
        adapters["local"] = make_studio
    return adapters


def _desktop() -> bool:
    """Tell whether somebody sits at this machine: a browser opened elsewhere helps nobody."""
    if os.environ.get("SSH_CONNECTION") or Path("/.dockerenv").exists():
        return False
    return sys.platform == "darwin" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


@commands.command()
@click.pass_context
def check(context: click.Context) -> int:
    """Check configuration, database, engines and platforms, one line each."""
    from bot.checkup import Line
    from bot.checkup import check as lines

    failed = 0

    def show(line: Line) -> None:
        nonlocal failed
        failed += not line.ok
        click.echo(f"{'ok    ' if line.ok else 'FAILED'}  {line.part}: {line.sentence}")

    async def look() -> None:
        async for line in lines(config):
            show(line)
        if config.discord.token.get_secret_value():
            from adapters.discord.checkup import check as discord

            show(await discord(config))

    config = read_config(context)
    _adapters(config, None, [])  # a platform that cannot be served is a mistake here as in `run`
    asyncio.run(look())
    return 1 if failed else 0


@commands.group()
def discord() -> None:
    """Help with connecting Discord."""


@discord.command()
@click.pass_context
def invite(context: click.Context) -> None:
    """Print the link that adds Easel to a server, with exactly the permissions it uses."""
    from adapters.discord.invite import link

    click.echo(link(read_config(context).discord.token.get_secret_value()))


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

    config = read_config(context)
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


for each in (models, intent, db, workflow):
    commands.add_command(each)
