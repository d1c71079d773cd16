"""Which program a server is, and whether it has what is configured."""

from __future__ import annotations

from collections.abc import Sequence

from bot.engines.automatic1111.bodies import Defaults
from bot.engines.automatic1111.choices import Entry, find, near, split
from bot.engines.automatic1111.client import LONG, Client, Refusal
from bot.engines.automatic1111.lists import Lists
from bot.engines.base import Health
from bot.net.errors import Malformed, NetError

SDCPP_HASH = "8888888888"
"""What stable-diffusion.cpp's server says the hash of its model is."""
MAY_BE = frozenset({"Automatic", "Use same scheduler"})


async def check(client: Client, lists: Lists, base: str, named: Sequence[str], defaults: Defaults) -> Health:
    """Ask for the lists, which costs nothing and needs the credentials. Never raises.

    `named` are the configured checkpoints, the one that generates first; empty for what the server has loaded.
    """
    try:
        models = await lists.fresh("model")
        samplers = await lists.fresh("sampler")
        if models is None and samplers is None:
            await client.get("/sdapi/v1/options")  # says why
        schedulers = await lists.fresh("scheduler") if defaults.scheduler or defaults.sampler else None
        program = await _program(client, models)
        loaded = await _loaded(client, program)
    except (NetError, Refusal) as error:
        return Health(False, f"{base}: {_trouble(error)}")
    problems = [*_models(models, named, loaded), *_sampling(samplers, schedulers, defaults)]
    if problems:
        return Health(False, f"{program} at {base}: {'; '.join(problems)}.")
    drawing = named[0] or loaded
    using = f", drawing with {drawing}" if drawing else ""
    among = f" ({len(models)} checkpoint{'s' if len(models) > 1 else ''} there)" if models else ""
    return Health(True, f"{program} at {base} is ready{using}{among}.")


async def _program(client: Client, models: Sequence[Entry] | None) -> str:
    """Return the program's name, by the routes that only one of them has."""
    if models and SDCPP_HASH in models[0].hashes:
        return "stable-diffusion.cpp"
    for path, name in (
        ("/sdapi/v1/sd-modules", "Forge"),
        ("/sdapi/v1/version", "SD.Next"),
        ("/sdapi/v1/sd-vae", "AUTOMATIC1111"),
        ("/api/extra/version", "KoboldCpp"),
    ):
        if await client.found(path) is not None:
            return name
    return "A server of the AUTOMATIC1111 family"


async def _loaded(client: Client, program: str) -> str | None:
    """Return the checkpoint that draws where none is asked for, empty if there is none; None when that is not told."""
    path, keys = "options", ["sd_model_checkpoint"]
    if program == "SD.Next":  # its options name what is to be loaded, which may have failed
        path, keys = "checkpoint", ["title", "name", "class"]
    said = await client.found(f"/sdapi/v1/{path}", LONG)
    if not isinstance(said, dict) or said.keys().isdisjoint(keys):
        return None
    values = [said.get(key) for key in keys]
    return next((each[:200] for each in values if isinstance(each, str) and each and each.isprintable()), "")


def _models(models: Sequence[Entry] | None, named: Sequence[str], loaded: str | None) -> list[str]:
    if models is None:
        return []
    if not models:
        return ["it has no checkpoint; put one into its folder of models"]
    for model in dict.fromkeys(filter(None, named)):
        if find(model, models) is None:
            return [f"it has no checkpoint “{model}”; it has, for example: {near(model, models)}"]
    if not all(named) and loaded == "":
        return [f"it has loaded no checkpoint; load one there, or set model, for example to {models[0].shown}"]
    return []


def _sampling(samplers: Sequence[Entry] | None, schedulers: Sequence[Entry] | None, defaults: Defaults) -> list[str]:
    problems = []
    sampler, scheduler = defaults.sampler, defaults.scheduler
    if sampler and samplers is not None:
        ways = (sampler, *(head for head, _ in split(sampler, schedulers)))
        if not any(find(each, samplers) for each in ways):
            problems.append(f"it has no sampler “{sampler}”; it has, for example: {near(sampler, samplers)}")
    if scheduler and schedulers is not None and scheduler not in MAY_BE and find(scheduler, schedulers) is None:
        problems.append(f"it has no scheduler “{scheduler}”; it has, for example: {near(scheduler, schedulers)}")
    return problems


def _trouble(error: NetError | Refusal) -> str:
    if isinstance(error, Malformed):
        return "something answers, but not with the API; is the address right?"
    if isinstance(error, NetError):
        return f"no answer: {error.detail}"
    if error.status in (401, 403):
        return f"the credentials are refused (HTTP {error.status}); set auth to what was given to --api-auth"
    if error.missing:
        return f"something answers, but without the API (HTTP {error.status}); start the server with --api"
    return f"the server is in trouble (HTTP {error.status})"
