"""The tables of the operator's configuration, but for the engines; each key is explained in config.example.toml."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    Field,
    IPvAnyNetwork,
    SecretStr,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from bot.settings.engines import NO_SECRET, AddressOrNothing, Seconds
from bot.settings.models import Amount, Policy, SettingsGroup, Whole


def _auto(value: object, handler: ValidatorFunctionWrapHandler) -> object:
    try:
        return handler(value)
    except ValidationError:
        raise ValueError('must be true, false or "auto"') from None


Port = Annotated[Whole, Field(ge=0, le=65535)]
NotNegative = Annotated[Whole, Field(ge=0)]


class DiscordSettings(SettingsGroup):
    """`[discord]`, enabled by `token`."""

    token: SecretStr = NO_SECRET
    message_content: bool = True


class MatrixSettings(SettingsGroup):
    """`[matrix]`, enabled by `homeserver`."""

    homeserver: AddressOrNothing = ""
    user_id: str = ""
    password: SecretStr = NO_SECRET
    access_token: SecretStr = NO_SECRET
    device_id: str = ""
    prefix: Annotated[str, Field(min_length=1)] = "!"
    invites_from: tuple[str, ...] = ()
    """Empty = everybody on the homeserver of `user_id`."""


class LocalSettings(SettingsGroup):
    """`[local]`, the studio."""

    enabled: Annotated[bool | Literal["auto"], WrapValidator(_auto)] = "auto"
    host: str = "127.0.0.1"
    port: Port = 8765
    hosts: tuple[str, ...] = ()
    """Names it may be reached under, beside loopback and `host`."""


class HttpSettings(SettingsGroup):
    """`[http]`, health and metrics."""

    host: str = "127.0.0.1"
    port: Port = 8766


class NetSettings(SettingsGroup):
    """`[net]`, what engines of server admins may reach."""

    allow_private: tuple[IPvAnyNetwork, ...] = ()


class StorageSettings(SettingsGroup):
    """`[storage]`, how long things are kept."""

    keep_pictures_hours: NotNegative = 24
    keep_history_days: NotNegative = 90


class LlmSettings(SettingsGroup):
    """`[llm]`, the language model; enabled by `model`."""

    type: Literal["openai", "gemini"] = "openai"
    base_url: AddressOrNothing = ""
    api_key: SecretStr = NO_SECRET
    model: str = ""
    timeout_s: Seconds = 15
    params: dict[str, Any] = Field(default_factory=dict)
    """Put into every request, last."""
    vision: bool = True
    """It can look at pictures."""
    enhance_template: str = ""
    """What it is told before it improves the words of a new picture; empty = Easel's own."""
    edit_template: str = ""
    """The same for a change to a picture."""


class ModerationSettings(SettingsGroup):
    """`[moderation]`: what the preference `moderation` checks prompts with."""

    words: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    """Words and phrases that may not stand in a prompt; for `words`, and before anything is sent for `provider`."""
    base_url: AddressOrNothing = ""
    """Where `provider` asks; empty = the language model's address."""
    api_key: SecretStr = NO_SECRET
    """Empty = the language model's, if the address is."""
    model: str = "omni-moderation-latest"


class Limits(SettingsGroup):
    """`[limits.person]` and `[limits.server]`; None = no limit."""

    per_minute: NotNegative | None = Field(default=None, description="Requests in any 60 seconds.")
    per_day: NotNegative | None = Field(default=None, description="Pictures in one day.")
    running: NotNegative | None = Field(default=None, description="Requests being drawn at the same time.")
    waiting: NotNegative | None = Field(default=None, description="Requests waiting in the queue.")
    money_per_day: Amount | None = Field(default=None, description="Cost of the pictures of one day.")
    money_per_month: Amount | None = Field(default=None, description="Cost of the pictures of one month.")


class OperatorPolicy(Policy):
    """`[limits]`."""

    person: Limits = Limits()
    server: Limits = Limits()
