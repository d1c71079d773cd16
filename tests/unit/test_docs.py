"""The documents name only what exists: files, headings, names in the code, make targets."""

from __future__ import annotations

import re
from pathlib import Path
from pkgutil import resolve_name

import pytest

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
