"""What `easel check` says of the language model and of moderation."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.checkup import NO_ANSWERS, Line, check
from bot.config import load
from bot.llm.base import NoAnswer
from tests.support.llm_configured import configured
from tests.support.llm_scripted import ScriptedModel


class Failing(ScriptedModel):
    """A language model whose check fails."""

    def __init__(self, failure: Exception) -> None:
        super().__init__()
        self._failure = failure

    async def check(self) -> str:
        raise self._failure


async def lines(folder: Path, **environ: str) -> dict[str, Line]:
    """Return the lines by the part they are about."""
    settings = {"EASEL_DATA_DIR": str(folder), "EASEL_ENGINES__DEMO__TYPE": "demo"}
    return {each.part: each async for each in check(load(None, settings | environ))}


async def test_what_is_not_configured_is_not_mentioned(tmp_path: Path) -> None:
    assert list(await lines(tmp_path)) == ["config", "database", "engine demo", "local"]


async def test_a_language_model_that_answers(tmp_path: Path) -> None:
    model = ScriptedModel()
    with configured(model):
        found = await lines(tmp_path, EASEL_LLM__MODEL="scripted")
    assert found["language model"] == Line(True, "language model", "The scripted language model answers.")
    assert model.closed


@pytest.mark.parametrize(
    ("failure", "sentence"),
    [
        (NoAnswer("auth", "401 Unauthorized"), f"{NO_ANSWERS['auth']} (401 Unauthorized)"),
        (NoAnswer("busy"), NO_ANSWERS["busy"]),
        (TimeoutError(), NO_ANSWERS["late"]),
    ],
    ids=repr,
)
async def test_a_language_model_that_does_not_answer(tmp_path: Path, failure: Exception, sentence: str) -> None:
    model = Failing(failure)
    with configured(model):
        found = await lines(tmp_path, EASEL_LLM__MODEL="scripted")
    assert found["language model"] == Line(False, "language model", sentence)
    assert model.closed


async def test_settings_that_cannot_work_are_named(tmp_path: Path) -> None:
    found = await lines(tmp_path, EASEL_LLM__MODEL="m", EASEL_LLM__PARAMS='{"messages": []}')
    assert not found["language model"].ok
    assert found["language model"].sentence.startswith("llm.params.messages: ")
    assert found["language model"].sentence.endswith("(EASEL_LLM__…)")


async def test_moderation_that_has_nobody_to_ask_is_a_mistake(tmp_path: Path) -> None:
    found = await lines(tmp_path, EASEL_DEFAULTS__MODERATION="provider", EASEL_MODERATION__WORDS='["fox"]')
    assert not found["moderation"].ok
    assert found["moderation"].sentence.startswith("Cannot be asked, so that nothing would be drawn: ")
