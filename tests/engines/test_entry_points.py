"""Types of engines that other packages bring."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.config import load
from bot.engines import making
from bot.engines.registry import Registry
from bot.errors import ConfigError
from bot.pictures.sandbox import Sandbox

MODULE = """
from bot.engines.base import BaseEngine, Capabilities, DrawnPicture, Health, Model, Result
from bot.engines.making import Type

class Mine(BaseEngine):
    def __init__(self, id, colour):
        self.id, self.colour = id, colour
    def capabilities(self, model=None):
        return Capabilities(free=True)
    async def generate(self, task, run):
        await run.picture(DrawnPicture(self.colour.encode()))
        return Result()
    async def edit(self, task, run):
        return await self.generate(task, run)
    async def models(self):
        return [Model("paint")]
    async def check(self, draw=False):
        return Health(True, "Here.")
    async def aclose(self):
        pass

MINE = Type(lambda id, settings, sandbox: Mine(id, settings.params["colour"]), slots=3)
NOT_A_TYPE = Mine
"""
CONFIG = """
[engines.wall]
type = "{type}"
params = {{ colour = "red" }}
"""


@pytest.fixture(autouse=True)
def _a_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = tmp_path / "site"
    (site / "easel_mine-1.0.dist-info").mkdir(parents=True)
    (site / "easel_mine.py").write_text(MODULE)
    (site / "easel_mine-1.0.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: easel-mine\nVersion: 1.0\n"
    )
    (site / "easel_mine-1.0.dist-info" / "entry_points.txt").write_text(
        "[easel.engines]\nmine = easel_mine:MINE\nopenai = easel_mine:MINE\nbroken = easel_nowhere:MINE\n"
        "odd = easel_mine:NOT_A_TYPE\n"
    )
    monkeypatch.syspath_prepend(str(site))


def configured(tmp_path: Path, type: str) -> Registry:
    file = tmp_path / "config.toml"
    file.write_text(CONFIG.format(type=type))
    return Registry.build(load(file, {}).engines, Sandbox())


async def test_an_installed_package_brings_a_type_of_its_own(tmp_path: Path) -> None:
    engines = configured(tmp_path, "mine")

    assert (await engines.get("wall").models())[0].id == "paint"
    assert engines.configured("wall").pool.capacity == 3
    assert "mine" in making.names()


async def test_it_cannot_take_the_name_of_one_of_ours() -> None:
    assert making.find("openai") is making.TYPES["openai"]


@pytest.mark.parametrize(
    ("type", "problem"),
    [
        ("broken", "“broken” of the package easel-mine cannot be loaded: ModuleNotFoundError"),
        ("odd", "“odd” of the package easel-mine is no bot.engines.making.Type"),
        ("none", "no engine type “none”; there is: "),
    ],
)
def test_what_is_wrong_with_it_is_one_line(tmp_path: Path, type: str, problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        configured(tmp_path, type)

    (line,) = str(caught.value).splitlines()
    assert line.startswith(f"engines.wall.type: {problem}")
    assert line.endswith("(EASEL_ENGINES__WALL__TYPE)")
