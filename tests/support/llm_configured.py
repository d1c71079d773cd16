"""A language model for tests, and an engine, where the configuration would make real ones."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bot.engines import making as engines
from bot.llm import making
from bot.llm.base import ChatModel
from tests.support.engines import ScriptedEngine


@contextmanager
def configured(model: ChatModel | None, engine: ScriptedEngine | None = None) -> Iterator[None]:
    """Let whatever is put together in the block have this language model and, if given, this engine as `demo`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(making, "make", lambda settings: model)
        if engine is not None:
            patch.setattr(engines, "TYPES", {"demo": engines.Type(lambda *_: engine, slots=2)})
        yield
