"""Every mistake in the operator's configuration is one good line: key, what is wrong, environment variable."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.config import Config, load
from bot.errors import ConfigError
from bot.settings.keys import Key, known_keys, variable

KNOWN = known_keys(Config)


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def problems(text: str, **environ: str) -> list[str]:
    Path("config.toml").write_text(text, "utf-8")
    with pytest.raises(ConfigError) as caught:
        load(None, environ)
    return list(caught.value.problems)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            'log_fromat = "json"',
            "log_fromat: there is no such key; did you mean log_format? (environment variable EASEL_LOG_FORMAT)",
        ),
        (
            "[limits]\nper_minute = 6",
            "limits.per_minute: there is no such key; did you mean limits.person.per_minute? "
            "(environment variable EASEL_LIMITS__PERSON__PER_MINUTE)",
        ),
        ("nonsense = 1", "nonsense: there is no such key; config.example.toml shows every key"),
        (
            'limits.max_count = "four"',
            'limits.max_count: must be a whole number, not "four" (environment variable EASEL_LIMITS__MAX_COUNT)',
        ),
        (
            "limits.max_count = true",
            "limits.max_count: must be a number, not true or false (environment variable EASEL_LIMITS__MAX_COUNT)",
        ),
        (
            "http.port = 99999",
            "http.port: must be at most 65535, not 99999 (environment variable EASEL_HTTP__PORT)",
        ),
        (
            'log_format = "xml"',
            'log_format: must be "console" or "json", not "xml" (environment variable EASEL_LOG_FORMAT)',
        ),
        (
            'local.enabled = "maybe"',
            'local.enabled: must be true, false or "auto" (environment variable EASEL_LOCAL__ENABLED)',
        ),
        (
            'operators = ["discord:1", "me"]',
            'operators: entry 2 must be a person such as "discord:1234" or "matrix:@me:example.org" '
            "(environment variable EASEL_OPERATORS)",
        ),
        (
            'net.allow_private = ["10.0.0.1/8"]',
            'net.allow_private: entry 1 must be a range of addresses such as "10.0.0.0/8", not "10.0.0.1/8" '
            "(environment variable EASEL_NET__ALLOW_PRIVATE)",
        ),
        (
            '[engines.home__gpu]\ntype = "comfyui"',
            'engines: "home__gpu" is no id; ids are up to 32 small letters, digits and single _, such as home_gpu '
            "(environment variable EASEL_ENGINES)",
        ),
        (
            "[engines.cloud]\nmodel = 'm'",
            "engines.cloud.type: is missing (environment variable EASEL_ENGINES__CLOUD__TYPE)",
        ),
        (
            '[engines.cloud]\ntype = "openai"\nparams = { quality = "low", size = "x", n = 2 }',
            "engines.cloud.params: may not hold n, size; Easel sets that itself "
            "(environment variable EASEL_ENGINES__CLOUD__PARAMS)",
        ),
        (
            '[engines.cloud]\ntype = "openai"\nurls = ["https://a", "b.example"]',
            "engines.cloud.urls: entry 2 must be an address that starts with http:// or https:// "
            "(environment variable EASEL_ENGINES__CLOUD__URLS)",
        ),
        (
            "[engines.gpu]\ntype = 'comfyui'\n[engines.gpu.workflows.generate]\nfile = 'w.json'\n"
            "nodes.promt = { ids = ['6'], key = 'text' }",
            'engines.gpu.workflows.generate.nodes: must be "prompt", "negative", "model", "image", "mask", "width", '
            '"height", "count", "steps", "seed", "guidance", "strength", "sampler" or "scheduler", not "promt" '
            "(environment variable EASEL_ENGINES__GPU__WORKFLOWS__GENERATE__NODES)",
        ),
        (
            'defaults.generate_engine = "cloud"',
            'defaults.generate_engine: there is no engine "cloud"; there are: demo '
            "(environment variable EASEL_DEFAULTS__GENERATE_ENGINE)",
        ),
        (
            'defaults.size = "huge"',
            "defaults.size: must be a size such as 1024x1024, square, portrait, landscape or 16:9 "
            "(environment variable EASEL_DEFAULTS__SIZE)",
        ),
        (
            'defaults.time_zone = "Mars/Olympus"',
            "defaults.time_zone: must be a time zone such as Europe/Berlin or Asia/Shanghai "
            "(environment variable EASEL_DEFAULTS__TIME_ZONE)",
        ),
        (
            'data_dir = "."',
            "secret_key_file: must be outside data_dir, so that no backup of the data holds the key "
            "(environment variable EASEL_SECRET_KEY_FILE)",
        ),
        (
            'database_url = "mysql://localhost"',
            "database_url: must start with postgresql:// (leave it out to use SQLite) "
            "(environment variable EASEL_DATABASE_URL)",
        ),
        (
            'llm.base_url = "http://localhost:11434/v1"',
            "llm.model: is missing; write the name of the language model (environment variable EASEL_LLM__MODEL)",
        ),
        (
            "language = ",
            "config.toml: is not valid TOML: Invalid value (at line 1, column 12) (environment variable EASEL_CONFIG)",
        ),
    ],
)
def test_a_mistake_in_the_file_is_one_good_line(text: str, sentence: str) -> None:
    assert problems(text + "\n") == [sentence]


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        (
            "EASEL_LIMTS__MAX_COUNT",
            "2",
            "EASEL_LIMTS__MAX_COUNT: there is no such environment variable; did you mean EASEL_LIMITS__MAX_COUNT?",
        ),
        (
            "EASEL_DISCORD_TOKEN",
            "t",
            "EASEL_DISCORD_TOKEN: there is no such environment variable; did you mean EASEL_DISCORD__TOKEN?",
        ),
        (
            "EASEL_ENGINES_CLOUD_API_KEY",
            "k",
            "EASEL_ENGINES_CLOUD_API_KEY: there is no such environment variable; "
            "did you mean EASEL_ENGINES__<ID>__API_KEY?",
        ),
        (
            "EASEL_TYPO",
            "1",
            "EASEL_TYPO: there is no such environment variable; config.example.toml shows every key",
        ),
        (
            "EASEL_LANGUAGE__OF__EASEL",
            "en",
            "EASEL_LANGUAGE__OF__EASEL: there is no such environment variable; config.example.toml shows every key",
        ),
        (
            "EASEL_OPERATORS",
            "discord:1",
            'operators: must be a list such as ["a", "b"] (environment variable EASEL_OPERATORS)',
        ),
        (
            "EASEL_LOCAL__PORT",
            "",
            'local.port: must be a whole number, not "" (environment variable EASEL_LOCAL__PORT)',
        ),
        ("EASEL_DATA_DIR", "", "data_dir: may not be empty (environment variable EASEL_DATA_DIR)"),
        ("EASEL_LIMITS", "4", "limits: must be a table (environment variable EASEL_LIMITS)"),
    ],
)
def test_a_mistake_in_the_environment_is_one_good_line(name: str, value: str, sentence: str) -> None:
    assert problems("", **{name: value}) == [sentence]


def test_every_mistake_is_named_at_once() -> None:
    found = problems('langage = "en"\n[http]\nport = "x"\nhots = "y"\n', EASEL_TYPO="1", EASEL_LOG_PROMPTS="perhaps")
    assert [line.partition(":")[0] for line in found] == [
        "EASEL_TYPO",
        "log_prompts",
        "http.port",
        "http.hots",
        "langage",
    ]


def test_matrix_needs_a_user_and_a_way_to_sign_in() -> None:
    homeserver = '[matrix]\nhomeserver = "https://example.org"\n'
    assert [line.partition(" (")[0] for line in problems(homeserver)] == [
        'matrix.user_id: is missing; write for example "@easel:example.org"',
        "matrix.password: is missing; set it, or access_token and device_id",
    ]
    Path("config.toml").write_text(homeserver + 'user_id = "@e:example.org"\naccess_token = "t"\ndevice_id = "D"\n')
    assert load(None, {}).matrix.device_id == "D"


def test_the_key_may_lie_in_no_spelling_of_data_dir_unless_it_is_not_used(tmp_path: Path) -> None:
    inside = f'data_dir = "../{tmp_path.name}"\nsecret_key_file = "easel.key"\n'
    assert [line.partition(":")[0] for line in problems(inside)] == ["secret_key_file"]
    Path("config.toml").write_text(inside + 'secret_keys = ["k"]\n')
    assert len(load(None, {}).secret_keys) == 1


def test_a_file_that_was_named_must_be_readable(tmp_path: Path) -> None:
    (tmp_path / "latin.toml").write_bytes(b'discord.token = "\xe4"')
    for name, what in (
        ("gone.toml", "there is no such file"),
        (".", "the file cannot be read (Is a directory)"),
        ("latin.toml", "is not UTF-8 text (at byte 17)"),
    ):
        for path, environ in ((Path(name), {}), (None, {"EASEL_CONFIG": name})):
            with pytest.raises(ConfigError) as caught:
                load(path, environ)
            assert caught.value.problems == (f"{name}: {what} (environment variable EASEL_CONFIG)",)


@given(st.sampled_from(KNOWN), st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_in_any_variable_is_a_value_or_a_mistake(key: Key, text: str) -> None:
    try:
        load(None, {variable(tuple(part.replace("*", "name") for part in key)): text})
    except ConfigError as error:
        assert error.problems and all(": " in line for line in error.problems)


@pytest.mark.parametrize(
    "text",
    [
        'discord = "hunter2"',
        'discord.token = ["hunter2"]',
        'secret_keys = "hunter2"',
        "llm.api_key = 5\nllm.model = { hunter2 = 1 }",
        'database_url = "hunter2"',
        '[engines.cloud]\ntype = "openai"\nauth = "hunter2"',
        '[engines.cloud]\ntype = "openai"\nheaders = "hunter2"',
        '[engines.cloud]\ntype = "openai"\nurls = ["https://me:hunter2@example.org", "hunter2"]',
        '[engines.cloud]\ntype = "openai"\nurls = "https://me:hunter2@example.org"',
    ],
)
def test_mistakes_do_not_repeat_what_may_be_secret(text: str) -> None:
    assert "hunter2" not in "\n".join(problems(text))
