"""The operator's configuration: `config.toml` and `EASEL_` environment variables, the environment first.

Every key is explained in config.example.toml. Only shapes are checked here: which types of engines exist and what each
of them needs, the registry knows.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsConfigDict

from bot.errors import ConfigError
from bot.settings.engines import EngineSettings, RelativePath
from bot.settings.keys import LEVEL, PREFIX, Key, is_known, key_of, known_keys
from bot.settings.models import Id, Language, Preferences, SettingsGroup
from bot.settings.problems import line, lines, unknown_variable
from bot.settings.tables import (
    DiscordSettings,
    HttpSettings,
    LlmSettings,
    LocalSettings,
    MatrixSettings,
    ModerationSettings,
    NetSettings,
    OperatorPolicy,
    StorageSettings,
)

FILE_VARIABLE = "EASEL_CONFIG"
"""The one variable that is no key: the path of the configuration file."""
DEFAULT_FILE = Path("config.toml")


def _database_url(value: SecretStr) -> SecretStr:
    if not value.get_secret_value().startswith("postgresql://"):
        raise ValueError("must start with postgresql:// (leave it out to use SQLite)")
    return value


def _operator(value: str) -> str:
    platform, _, person = value.partition(":")
    if platform == "discord" and person.isdecimal():
        return value
    if platform == "matrix" and person.startswith("@") and ":" in person:
        return value
    raise ValueError('must be a person such as "discord:1234" or "matrix:@me:example.org"')


def _or_demo(engines: dict[str, EngineSettings]) -> dict[str, EngineSettings]:
    return engines or {"demo": EngineSettings(type="demo")}


class Config(SettingsGroup):
    """The whole configuration. Paths are absolute once loaded; secrets show themselves only when asked."""

    model_config = ConfigDict(validate_default=True)

    language: Language = "en"
    data_dir: RelativePath = Path("data")
    database_url: Annotated[SecretStr, AfterValidator(_database_url)] | None = None
    """None = SQLite in `data_dir`."""
    secret_key_file: RelativePath = Path("easel.key")
    secret_keys: tuple[SecretStr, ...] = ()
    """Instead of the file; the first encrypts, all decrypt."""
    log_format: Literal["console", "json"] = "console"
    log_prompts: bool = False
    operators: tuple[Annotated[str, AfterValidator(_operator)], ...] = ()
    """As `Person.key`."""
    servers: Literal["open", "allow_list", "approval"] = "open"
    server_engines: bool = True
    refund_refused: bool = False
    discord: DiscordSettings = DiscordSettings()
    matrix: MatrixSettings = MatrixSettings()
    local: LocalSettings = LocalSettings()
    http: HttpSettings = HttpSettings()
    net: NetSettings = NetSettings()
    storage: StorageSettings = StorageSettings()
    llm: LlmSettings = LlmSettings()
    moderation: ModerationSettings = ModerationSettings()
    engines: Annotated[dict[Id, EngineSettings], AfterValidator(_or_demo)] = Field(default_factory=dict)
    """By id; the demo engine when none is configured."""
    defaults: Preferences = Preferences()
    limits: OperatorPolicy = OperatorPolicy()

    @property
    def studio_enabled(self) -> bool:
        """Whether the local studio is served: when asked for, or by itself when there is no chat platform."""
        if self.local.enabled != "auto":
            return self.local.enabled
        return not self.discord.token.get_secret_value() and not self.matrix.homeserver


def load(path: Path | None, environ: Mapping[str, str]) -> Config:
    """Return the configuration from a file and the environment variables `environ`.

    Without `path` the file is what `EASEL_CONFIG` says, else ./config.toml if there is one, else none. Raises
    ConfigError with a line for every mistake.
    """
    named = path or (Path(environ[FILE_VARIABLE]) if environ.get(FILE_VARIABLE) else None)
    file = named or (DEFAULT_FILE if DEFAULT_FILE.exists() else None)
    data = _read(file) if file else {}
    folder = file.absolute().parent if file else Path.cwd()
    known = known_keys(Config)
    variables = {name: text for name, text in environ.items() if name.startswith(PREFIX) and name != FILE_VARIABLE}
    strangers = {name: key for name in variables if not is_known(key := key_of(name), known)}
    problems = [unknown_variable(name, key, known) for name, key in strangers.items()]
    settings = {name: text for name, text in variables.items() if name not in strangers}
    try:
        config = Config.model_validate(_merged(data, _Variables(settings)()), context={"folder": folder})
    except ValidationError as error:
        raise ConfigError(*problems, *lines(error, known)) from None  # the cause would show the values
    problems += [line(key, mistake) for key, mistake in _contradictions(config)]
    if problems:
        raise ConfigError(*problems)
    return config


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8-sig"))  # editors on Windows begin files with a mark
    except FileNotFoundError:
        problem = "there is no such file"
    except OSError as error:
        problem = f"the file cannot be read ({error.strerror})"
    except UnicodeDecodeError as error:
        problem = f"is not UTF-8 text (at byte {error.start})"
    except tomllib.TOMLDecodeError as error:
        problem = f"is not valid TOML: {error}"
    raise ConfigError(f"{file}: {problem} (environment variable {FILE_VARIABLE})")


class _Readable(BaseSettings, Config):
    """The configuration as pydantic-settings knows to look for it in an environment."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_nested_delimiter=LEVEL)


class _Variables(EnvSettingsSource):
    """The environment given, not the process's own."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        super().__init__(_Readable)
        self.env_vars = {name.lower(): text for name, text in sorted(environ.items())}  # whole tables first

    def decode_complex_value(self, field_name: str, field: Any, value: Any) -> Any:
        """Leave what is no JSON as it is: checking says what is wrong with it, and in which key."""
        try:
            return super().decode_complex_value(field_name, field, value)
        except ValueError:
            return value


def _merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Return both tables as one; where both have a value, that of `above`."""
    merged = below | above
    for name in below.keys() & above.keys():
        if isinstance(below[name], dict) and isinstance(above[name], dict):
            merged[name] = _merged(below[name], above[name])
    return merged


def _contradictions(config: Config) -> Iterator[tuple[Key, str]]:
    """Yield the key and the mistake where values do not fit each other."""
    for name in ("generate_engine", "edit_engine"):
        engine = getattr(config.defaults, name)
        if engine is not None and engine not in config.engines:
            yield ("defaults", name), f'there is no engine "{engine}"; there are: {", ".join(config.engines)}'
    if not config.secret_keys and config.secret_key_file.resolve().is_relative_to(config.data_dir.resolve()):
        yield ("secret_key_file",), "must be outside data_dir, so that no backup of the data holds the key"
    if config.llm.base_url and not config.llm.model:
        yield ("llm", "model"), "is missing; write the name of the language model"
    matrix = config.matrix
    if matrix.homeserver:
        if not matrix.user_id:
            yield ("matrix", "user_id"), 'is missing; write for example "@easel:example.org"'
        if not matrix.password.get_secret_value() and not (matrix.access_token.get_secret_value() and matrix.device_id):
            yield ("matrix", "password"), "is missing; set it, or access_token and device_id"
