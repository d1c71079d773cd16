"""The documents name only what exists: files, headings, names in the code, make targets."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from pkgutil import resolve_name
from typing import Any, get_args

import pytest

from bot.config import Config, load
from bot.engines.registry import Registry
from bot.language_model import language_model
from bot.pictures.sandbox import Sandbox
from bot.settings.engines import EngineSettings, Role
from bot.settings.keys import is_known, known_keys
from scripts.write_engine_docs import updated

ROOT = Path(__file__).parents[2]
PAGES = {str(path.relative_to(ROOT)): path.read_text("utf-8") for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]}
every_page = pytest.mark.parametrize("page", sorted(PAGES))

FILE = re.compile(
    r"`((?:\.ci|adapters|benchmarks|bot|docs|scripts|tests)/[^\s`]*|[A-Z]+\.md|[\w.]+\.example\.toml|pyproject\.toml)`"
)
MODULE_NAME = re.compile(r"`((?:bot|adapters)(?:\.\w+)+)`")
NAME_IN_FILE = re.compile(r"`(?:\w+\.)?(\w+)`[^`|.;]*? in\s+`([\w/]+\.py)`")
"""As in: `Planner.choose_engine` in `bot/planning.py`."""
LINK = re.compile(r"\]\(([^)\s]+)\)")
TARGET = re.compile(r"(?:^|`)make ([a-z]+)(?=`|$| ARGS)", re.MULTILINE)
KEY = re.compile(r"`(?!config\.toml)((?:[a-z_]+|<id>)(?:\.(?:[a-z_]+|<id>))+)`")
"""As in: `engines.<id>.model`."""
EXAMPLE = re.compile(r"^```toml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ASSIGNMENT = re.compile(r"`([a-z_]+) = ([^`]+)`")
KNOWN = known_keys(Config)


def anchors(page: str) -> set[str]:
    """Return what GitHub makes of a page's headings."""
    headings = re.findall(r"^#+ (.+)$", page, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_documents_are_found() -> None:
    assert {"README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "docs/architecture.md"} <= set(PAGES)
    assert len(FILE.findall(PAGES["docs/architecture.md"])) > 20
    assert len(NAME_IN_FILE.findall(PAGES["docs/architecture.md"])) > 5
    assert len(LINK.findall(PAGES["README.md"])) > 5


@every_page
def test_every_file_named_exists(page: str) -> None:
    assert [name for name in FILE.findall(PAGES[page]) if not (ROOT / name).exists()] == []


@every_page
def test_every_link_leads_somewhere(page: str) -> None:
    broken = []
    for link in LINK.findall(PAGES[page]):
        if link.startswith("https://"):
            continue
        name, _, anchor = link.partition("#")
        target = (ROOT / page).parent / name if name else ROOT / page
        if not target.exists() or (anchor and anchor not in anchors(target.read_text("utf-8"))):
            broken.append(link)
    assert broken == []


@every_page
def test_every_name_in_the_code_exists(page: str) -> None:
    for name in MODULE_NAME.findall(PAGES[page]):
        resolve_name(name)  # raises for one that does not exist
    assert [
        f"{name} in {file}"
        for name, file in NAME_IN_FILE.findall(PAGES[page])
        if not re.search(rf"\b{name}\b", (ROOT / file).read_text("utf-8"))
    ] == []


@every_page
def test_every_make_target_exists(page: str) -> None:
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert set(TARGET.findall(PAGES[page])) - set(targets) == set()


def test_the_tables_of_engines_are_up_to_date() -> None:
    page = PAGES["docs/engines.md"]
    assert page == updated(page), "run: python scripts/write_engine_docs.py"
    assert page.count("\n| ") > 50


def test_every_key_named_for_those_who_come_from_open_webui_exists() -> None:
    named = [tuple(key.split(".")) for key in KEY.findall(PAGES["docs/coming-from-open-webui.md"])]
    assert len(named) > 50
    assert [key for key in named if not is_known(key, KNOWN)] == []
    assert {key[5] for key in named if "nodes" in key[:-1]} <= set(get_args(Role))


def test_every_line_for_those_who_come_from_open_webui_has_an_answer() -> None:
    rows = re.findall(r"^\| (.*) \|$", PAGES["docs/coming-from-open-webui.md"], re.MULTILINE)
    assert len(rows) > 50
    assert [row for row in rows if len(row.split(" | ")) != 2 or not all(map(str.strip, row.split(" | ")))] == []


@every_page
def test_every_example_of_a_configuration_works(page: str, tmp_path: Path) -> None:
    for number, example in enumerate(EXAMPLE.findall(PAGES[page])):
        folder = tmp_path / str(number)
        folder.mkdir()
        file = folder / "config.toml"
        file.write_text(example.replace("…", "x"), "utf-8")
        config = load(file, {})
        for engine in config.engines.values():
            for workflow in engine.workflows.values():
                rows = [(id_, row.key) for rows in workflow.nodes.values() for row in rows for id_ in row.ids]
                nodes = {id_: {key: 1 for other, key in rows if other == id_} for id_, _ in rows}
                graph = {id_: {"class_type": "Any", "inputs": inputs} for id_, inputs in nodes.items()}
                workflow.file.write_text(json.dumps(graph), "utf-8")
        Registry.build(config.engines, Sandbox())
        language_model(config)


@every_page
def test_every_value_given_to_a_key_fits_it(page: str) -> None:
    names = {key[-1] for key in KNOWN} | set(get_args(Role))
    for name, value in ASSIGNMENT.findall(PAGES[page]):
        assert name in names, name
        read: dict[str, Any] = tomllib.loads(f"{name} = {value}")
        if name in EngineSettings.model_fields and (name, page) != ("params", "docs/language-model.md"):
            EngineSettings.model_validate({"type": "demo", **read})
