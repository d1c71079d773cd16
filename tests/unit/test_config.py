"""The operator's configuration: where values come from, and secrets that stay secret."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path

import pytest

from bot.config import Config, load
from bot.settings.models import Policy


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def read(text: str, **environ: str) -> Config:
    """Load `text` as the configuration file, in the current folder."""
    Path("config.toml").write_text(text, "utf-8")
    return load(None, environ)


def test_with_nothing_configured_the_studio_and_the_demo_engine_are_there(tmp_path: Path) -> None:
    config = load(None, {})
    assert list(config.engines) == ["demo"]
    assert config.engines["demo"].type == "demo"
    assert config.studio_enabled
    assert config.data_dir == tmp_path / "data"
    assert config.secret_key_file == tmp_path / "easel.key"
    assert config.limits.max_count == Policy().max_count


def test_the_environment_wins_over_the_file_key_by_key() -> None:
    config = read(
        'language = "en"\n[limits]\nmax_count = 2\nmax_steps = 30\n[limits.person]\nper_minute = 1\nper_day = 9\n',
        EASEL_LANGUAGE="zh-TW",
        EASEL_LIMITS__MAX_COUNT="3",
        EASEL_LIMITS__PERSON__PER_MINUTE="6",
    )
    assert config.language == "zh-TW"
    assert (config.limits.max_count, config.limits.max_steps) == (3, 30)
    assert (config.limits.person.per_minute, config.limits.person.per_day) == (6, 9)


def test_lists_and_tables_are_json_in_the_environment() -> None:
    config = read(
        "",
        EASEL_OPERATORS='["discord:1", "matrix:@me:example.org"]',
        EASEL_NET__ALLOW_PRIVATE='["10.0.0.0/8", "fd00::/8"]',
        EASEL_ENGINES__CLOUD__SLOTS="2",
        EASEL_ENGINES__CLOUD='{"type": "openai", "params": {"quality": "high"}}',
        EASEL_ENGINES__CLOUD__HEADERS__X_TEAM="blue",
    )
    assert config.operators == ("discord:1", "matrix:@me:example.org")
    assert config.net.allow_private == (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))
    cloud = config.engines["cloud"]
    assert (cloud.type, cloud.slots, cloud.params) == ("openai", 2, {"quality": "high"})
    assert cloud.headers["x_team"].get_secret_value() == "blue"


def test_an_engine_may_come_from_the_environment_alone() -> None:
    assert load(None, {"EASEL_ENGINES__DEMO__TYPE": "demo"}) == load(None, {})
    assert list(read("", EASEL_ENGINES__HOME_GPU__TYPE="comfyui").engines) == ["home_gpu"]


def test_only_the_given_environment_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EASEL_LANGUAGE", "zh-CN")
    monkeypatch.setenv("EASEL_NONSENSE", "1")
    assert load(None, {"PATH": "/bin", "easel_language": "zh-CN"}).language == "en"


def test_the_file_is_the_argument_then_easel_config_then_config_toml(tmp_path: Path) -> None:
    for name, steps in (("config.toml", 1), ("named.toml", 2), ("given.toml", 3)):
        Path(name).write_text(f"limits.max_steps = {steps}")
    environ = {"EASEL_CONFIG": str(tmp_path / "named.toml")}
    assert load(None, {}).limits.max_steps == 1
    assert load(None, environ).limits.max_steps == 2
    assert load(Path("given.toml"), environ).limits.max_steps == 3


def test_relative_paths_start_at_the_folder_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    file = tmp_path / "etc" / "easel.toml"
    file.write_text(
        'data_dir = "../var"\n[engines.gpu]\ntype = "comfyui"\n'
        '[engines.gpu.workflows.generate]\nfile = "graph.json"\n'
        'nodes = { prompt = { ids = ["6", "7"], key = "text" } }\n'
    )
    config = load(Path("etc/easel.toml"), {"EASEL_SECRET_KEY_FILE": "/keys/easel.key"})
    assert config.data_dir == tmp_path / "etc" / ".." / "var"
    assert config.secret_key_file == Path("/keys/easel.key")
    workflow = config.engines["gpu"].workflows["generate"]
    assert workflow.file == tmp_path / "etc" / "graph.json"
    (prompt,) = workflow.nodes["prompt"]
    assert (prompt.ids, prompt.key) == (("6", "7"), "text")


def test_a_file_saved_by_a_windows_editor_is_read() -> None:
    Path("config.toml").write_bytes(b'\xef\xbb\xbflanguage = "zh-CN"\r\n')
    assert load(None, {}).language == "zh-CN"


@pytest.mark.parametrize(
    ("text", "enabled"),
    [
        ("", True),
        ('discord.token = "t"', False),
        ('[matrix]\nhomeserver = "https://example.org/"\nuser_id = "@e:example.org"\npassword = "p"', False),
        ('discord.token = "t"\nlocal.enabled = true', True),
        ("local.enabled = false", False),
    ],
)
def test_the_studio_is_there_by_itself_only_without_a_chat_platform(text: str, enabled: bool) -> None:
    assert read(text).studio_enabled is enabled


def test_addresses_lose_their_closing_slash() -> None:
    config = read('[engines.gpu]\ntype = "comfyui"\nurls = ["http://[::1]:8188/", "https://host/path/"]')
    assert config.engines["gpu"].urls == ("http://[::1]:8188", "https://host/path")


SECRETS = """
database_url = "postgresql://u:hunter2@h/d"
secret_keys = ["hunter2"]
discord.token = "hunter2"
llm.api_key = "hunter2"
[matrix]
password = "hunter2"
access_token = "hunter2"
[engines.cloud]
type = "openai"
api_key = "hunter2"
auth = "user:hunter2"
headers = { X-Key = "hunter2" }
comfy_org_key = "hunter2"
"""


def test_secrets_do_not_show() -> None:
    config = read(SECRETS)
    assert config.discord.token.get_secret_value() == "hunter2"
    assert config.engines["cloud"].headers["X-Key"].get_secret_value() == "hunter2"
    for shown in (repr(config), str(config), f"{config.engines}", config.model_dump_json()):
        assert "hunter2" not in shown
