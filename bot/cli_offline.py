"""The commands that need neither a platform nor a running bot: models, intent, db."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import get_args

import click

from bot.config import Config, load


def read_config(context: click.Context) -> Config:
    """Return the configuration named on the command line, and log as it says. Raises ConfigError."""
    config = load(context.obj, os.environ)
    # Logs go to standard error; what a command prints is its result.
    from bot.observe import configure_logging

    configure_logging(config.log_format, log_prompts=config.log_prompts)
    return config


@click.command()
@click.argument("engine", required=False)
@click.pass_context
def models(context: click.Context, engine: str | None) -> None:
    """List what ENGINE, or every engine, has by name: models, samplers, schedulers, styles, LoRAs and upscalers."""
    from bot.engines.base import ModelKind
    from bot.engines.registry import Registry
    from bot.pictures.sandbox import Sandbox

    config = read_config(context)
    kinds = get_args(ModelKind)

    async def show() -> None:
        async with Sandbox() as sandbox:
            engines = Registry.build(config.engines, sandbox)
            try:
                for id_ in [engine] if engine else list(engines):
                    for model in sorted(await engines.get(id_).models(), key=lambda each: kinds.index(each.kind)):
                        click.echo(f"{id_}\t{model.kind}\t{model.id}" + (f"\t{model.title}" if model.title else ""))
            finally:
                await engines.aclose()

    asyncio.run(show())


@click.command()
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


@click.group()
def db() -> None:
    """Care for the database."""


@db.command()
@click.pass_context
def upgrade(context: click.Context) -> None:
    """Bring the database up to date; `easel run` does it too."""
    from bot.db import migrate
    from bot.db.database import Database
    from bot.process import database_address

    config = read_config(context)

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

    config = read_config(context)
    if config.database_url is not None:
        raise click.UsageError("With PostgreSQL, please use pg_dump.")
    copy(config.data_dir / "easel.db", target)
    click.echo(f"Copied to {target}.")
