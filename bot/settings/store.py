"""Where people's preferences are kept: one row for each person, channel and server that has set any."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, get_args
from zoneinfo import ZoneInfo

import sqlalchemy as sa
import structlog
from pydantic import ValidationError

from bot.config import Config
from bot.db.database import Database, Tx
from bot.db.schema import preferences
from bot.errors import NotAllowed, UnknownEngine, UnknownSetting
from bot.i18n.negotiate import negotiate
from bot.settings.layers import Effective, Layer, resolve
from bot.settings.models import Preferences, parse_value
from bot.types import Person, Place

StoredLayer = Literal["person", "channel", "server"]
"""The layers that people change; the operator's is the configuration."""

_ENGINE_CHOICES = ("generate_engine", "edit_engine")
_ENSURE = sa.text(
    "insert into preferences (layer, owner, data, changed) values (:layer, :owner, '{}', :changed) "
    "on conflict do nothing"
)
"""As text, because SQLAlchemy spells `on conflict` anew for each database, and both of ours read this."""

_LAYERS_OF = sa.select(preferences.c.layer, preferences.c.data).where(
    sa.or_(
        *(
            (preferences.c.layer == layer) & (preferences.c.owner == sa.bindparam(layer))
            for layer in get_args(StoredLayer)
        )
    )
)

log = structlog.stdlib.get_logger(__name__)


class Settings:
    """What holds for whom and where. Nothing is cached: a change holds at once, in every process."""

    def __init__(self, database: Database, config: Config) -> None:
        """`config` gives the operator's layer, the policy and the engines there are."""
        self._database = database
        self._config = config

    async def effective(self, person: Person, place: Place) -> Effective:
        """Return the preferences that hold for this person in this place."""
        return await self._database.read(lambda tx: self.effective_in(tx, person, place))

    def effective_in(self, tx: Tx, person: Person, place: Place) -> Effective:
        """As `effective`, in a transaction of the caller's."""
        layers: dict[Layer, Preferences] = {"operator": self._config.defaults}
        rows = tx.execute(_LAYERS_OF, _owners(person, place)).all()
        layers |= {row.layer: self._usable(row.layer, row.data) for row in rows}
        return resolve(layers, self._config.limits)

    async def language(self, person: Person, place: Place) -> str:
        """Return the catalogue code to answer in: as set, else as the person's platform says, else the operator's."""
        return self.spoken(await self.effective(person, place), person)

    def spoken(self, effective: Effective, person: Person) -> str:
        """Return the same of preferences that were read already."""
        return effective.language or negotiate(person.locale, self._config.language)

    def zone(self, tx: Tx, place: Place) -> ZoneInfo:
        """Return the time zone in which the days of a server's limits begin: its own, else the operator's."""
        mine = (preferences.c.layer == "server") & (preferences.c.owner == place.server_key)
        stored = tx.execute(sa.select(preferences.c.data).where(mine)).scalar()
        server = self._usable("server", stored) if stored else Preferences()
        return ZoneInfo(server.time_zone or self._config.defaults.time_zone or "UTC")

    async def set(self, layer: StoredLayer, person: Person, place: Place, name: str, text: str) -> Effective:
        """Set a preference to what somebody wrote, and return what holds now: a nearer layer may still decide.

        Raises UnknownSetting, BadSetting, UnknownEngine; NotAllowed when a channel's or server's is not theirs to set.
        """
        value = parse_value(name, text)
        if name in _ENGINE_CHOICES and value not in self._config.engines:
            raise UnknownEngine(engine=value, known=", ".join(self._config.engines))
        return await self._change(layer, person, place, lambda stored: {**stored, name: value})

    async def reset(self, layer: StoredLayer, person: Person, place: Place, name: str | None = None) -> Effective:
        """Take back one preference of a layer, or all of them, and return what holds now.

        Raises UnknownSetting, NotAllowed.
        """
        if name is not None and name not in Preferences.model_fields:
            raise UnknownSetting(name=name, known=", ".join(Preferences.model_fields))
        return await self._change(
            layer,
            person,
            place,
            lambda stored: {key: value for key, value in stored.items() if name is not None and key != name},
        )

    async def _change(
        self,
        layer: StoredLayer,
        person: Person,
        place: Place,
        change: Callable[[Mapping[str, Any]], dict[str, Any]],
    ) -> Effective:
        if layer != "person" and not person.admin:
            raise NotAllowed
        owner = _owners(person, place)[layer]
        mine = (preferences.c.layer == layer) & (preferences.c.owner == owner)

        def step(tx: Tx) -> Effective:
            # The row is made and locked before it is read, so that two processes change it one after the other; for
            # the same reason it stays when it has become empty.
            tx.execute(_ENSURE, {"layer": layer, "owner": owner, "changed": tx.now})
            stored = tx.execute(sa.select(preferences.c.data).where(mine).with_for_update()).scalar_one()
            tx.execute(preferences.update().where(mine).values(data=change(stored), changed=tx.now))
            return self.effective_in(tx, person, place)

        return await self._database.write(step)

    def _usable(self, layer: str, stored: Mapping[str, Any]) -> Preferences:
        """Return the stored preferences this version understands; those of another version stay, but do not count."""
        unusable = {name for name in _ENGINE_CHOICES if name in stored and stored[name] not in self._config.engines}
        try:
            Preferences.model_validate(stored)
        except ValidationError as error:
            unusable |= {str(problem["loc"][0]) for problem in error.errors()}
        if unusable:
            log.warning("preferences_ignored", layer=layer, names=sorted(unusable))
        return Preferences.model_validate({name: value for name, value in stored.items() if name not in unusable})


def _owners(person: Person, place: Place) -> dict[StoredLayer, str]:
    """Return whose row each layer is."""
    return {"person": person.key, "channel": place.channel_key, "server": place.server_key}
