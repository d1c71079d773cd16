"""Engine ids → engines, as configured."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from bot.engines import making
from bot.engines.base import Capabilities, Engine, Nature
from bot.engines.pool import Pool
from bot.errors import ConfigError, UnknownEngine
from bot.pictures.sandbox import Sandbox
from bot.settings.engines import EngineSettings
from bot.settings.keys import variable


@dataclass(frozen=True, slots=True)
class Configured:
    """An engine and what the operator said about it."""

    pool: Pool
    type: str
    """As in the configuration: `demo`, `comfyui` …"""
    timeout_s: float
    """Seconds one job may take at the engine."""
    price: float = 0.0
    """Of one picture, in the operator's currency."""

    @property
    def engine(self) -> Engine:
        """Any of the pool, for what is true of all."""
        return next(iter(self.pool.engines.values()))


class Registry:
    """The configured engines, in the configuration's order."""

    def __init__(self, engines: Mapping[str, Configured]) -> None:
        """Use `build`, or give ready engines (tests)."""
        self._engines = dict(engines)

    @classmethod
    def build(cls, settings: Mapping[str, EngineSettings], sandbox: Sandbox) -> Registry:
        """Make every configured engine. Raises ConfigError with one line per mistake."""
        engines: dict[str, Configured] = {}
        problems: list[str] = []
        for id_, each in settings.items():
            urls = each.urls or ("",)
            try:
                if (type_ := making.find(each.type)) is None:
                    raise ValueError(f"type: no engine type “{each.type}”; there is: {', '.join(making.names())}")
                engines_ = {
                    url: type_.make(id_, each.model_copy(update={"urls": (url,) if url else ()}), sandbox)
                    for url in urls
                }
            except ValueError as error:
                key = str(error).partition(":")[0]
                problems.append(f"engines.{id_}.{error} ({variable(('engines', id_, *key.split('.')))})")
                continue
            pool = Pool(engines_, each.slots or type_.slots)
            engines[id_] = Configured(pool, each.type, each.timeout_s, each.price_per_image or 0.0)
        if problems:
            raise ConfigError(*problems)
        return cls(engines)

    def __iter__(self) -> Iterator[str]:
        return iter(self._engines)

    def get(self, engine_id: str) -> Engine:
        """Return an engine. Raises UnknownEngine."""
        return self.configured(engine_id).engine

    def configured(self, engine_id: str) -> Configured:
        """Return an engine with its settings. Raises UnknownEngine."""
        try:
            return self._engines[engine_id]
        except KeyError:
            raise UnknownEngine(engine=engine_id, known=", ".join(self._engines)) from None

    def type_of(self, engine_id: str) -> str:
        """Return the engine's type for figures and logs; `unknown` when it is no longer configured."""
        known = self._engines.get(engine_id)
        return known.type if known else "unknown"

    def able(self, can: Callable[[Capabilities], bool]) -> list[str]:
        """Return the ids of the engines whose default model satisfies `can`."""
        return [id_ for id_, each in self._engines.items() if can(each.engine.capabilities())]

    def natures(self) -> dict[str, Nature]:
        """Say of each engine whether a drawing cut off by a crash may be repeated, re-attached, or neither."""
        natures: dict[str, Nature] = {}
        for id_, each in self._engines.items():
            can = each.engine.capabilities()
            natures[id_] = "free" if can.free else "resumable" if can.resumable else "paid"
        return natures

    def addresses(self) -> dict[str, tuple[str, ...]]:
        """Return engine → its addresses."""
        return {id_: tuple(each.pool.engines) for id_, each in self._engines.items()}

    def room(self) -> dict[str, dict[str, int]]:
        """Return engine → address → jobs at once, as far as it can be used now."""
        return {id_: each.pool.room() for id_, each in self._engines.items()}

    async def aclose(self) -> None:
        """Close all engines."""
        for each in self._engines.values():
            for engine in each.pool.engines.values():
                await engine.aclose()
