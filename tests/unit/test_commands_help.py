"""What help says of commands and of the options in people's words."""

from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import capture_logs

from adapters.commands.help import NEEDS, Abilities, explain, overview, usable_flags
from adapters.commands.phrasing import Phrasing
from adapters.commands.table import COMMANDS, leaves
from bot.engines.base import Capabilities
from bot.flags import FLAGS
from bot.i18n.catalogue import Catalogues
from bot.i18n.negotiate import LANGUAGES
from bot.settings.models import Preferences
from tests.support.catalogues import compiled

NOW = 1_000_000.0
ENGLISH = Phrasing(Catalogues(), "en", NOW)
DRAWS = Capabilities(seed=True)


@pytest.fixture(scope="module", params=LANGUAGES)
def phrasing(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Phrasing:
    return Phrasing(compiled(tmp_path_factory.mktemp("locales")), request.param, NOW)


def test_help_lists_every_command_and_flag(phrasing: Phrasing) -> None:
    with capture_logs() as logs:
        lines = overview(phrasing, "!", Abilities([DRAWS], language_model=False)).splitlines()
    for command in COMMANDS.values():
        assert f"!{command.name} — {phrasing.say(command.description)}" in lines
    listed = [line.split()[0] for line in lines if line.startswith("--")]
    assert listed == ["--size", "--count", "--seed", "--model", "--engine"]
    assert "!help imagine" in lines[-1]
    assert logs == []


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_explained(phrasing: Phrasing, name: str) -> None:
    with capture_logs() as logs:
        text = explain(phrasing, "!", COMMANDS[name], Abilities([DRAWS], language_model=False))
    for path, command in leaves(COMMANDS[name]):
        assert f"!{' '.join(path)}" in text
        assert phrasing.say(command.description) in text
        for example in command.examples:
            assert f"!{' '.join(path)} {phrasing.say(example)}" in text
    assert "{" not in text
    assert logs == []


def test_settings_are_explained_with_their_meaning(phrasing: Phrasing) -> None:
    text = explain(phrasing, "!", COMMANDS["settings"], Abilities([], language_model=False))
    for name, setting in Preferences.model_fields.items():
        assert f"{name} — {phrasing.say(setting.description or '')}" in text


def test_flags_are_shown_where_an_engine_understands_them() -> None:
    needed: dict[str, Any] = {need: True for need in NEEDS.values() if need}
    everything = Abilities([DRAWS, Capabilities(**needed)], language_model=False)
    assert [flag.name for flag in usable_flags(everything)] == [each.name for each in FLAGS if each.name in NEEDS]
    assert set(NEEDS) <= {flag.name for flag in FLAGS}
    assert "--steps" in explain(ENGLISH, "/", COMMANDS["edit"], everything)
    assert "--steps" not in explain(ENGLISH, "/", COMMANDS["edit"], Abilities([DRAWS], language_model=False))


def test_the_flag_of_the_language_model_is_shown_where_there_is_one() -> None:
    assert "--enhance" in explain(ENGLISH, "/", COMMANDS["imagine"], Abilities([DRAWS], language_model=True))
    assert "--enhance" not in explain(ENGLISH, "/", COMMANDS["imagine"], Abilities([DRAWS], language_model=False))


def test_pictures_are_no_words_of_a_command() -> None:
    text = explain(ENGLISH, "/", COMMANDS["describe"], Abilities([DRAWS], language_model=True))
    assert text.splitlines() == ["/describe", COMMANDS["describe"].description]
