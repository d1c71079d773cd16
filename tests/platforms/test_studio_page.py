"""The page's files: their words are in the catalogues, nothing in them needs what the policy forbids."""

from __future__ import annotations

import re

import pytest

from adapters.local.pages import FOLDER
from adapters.local.words import PAGE
from bot.i18n.negotiate import LANGUAGES
from tests.support.studio import Guest, Studio

SCRIPTS = {path.name: path.read_text("utf-8") for path in FOLDER.glob("*.js")}
MARKUP = (FOLDER / "index.html").read_text("utf-8")


def test_the_page_says_only_what_is_in_the_catalogues() -> None:
    asked = {word for text in SCRIPTS.values() for word in re.findall(r'\bsay\("(\w+)"', text)}
    asked |= set(re.findall(r'data-(?:word|label)="(\w+)"', MARKUP))
    # Chosen while the page runs: by size, by button, by the state of the connection.
    chosen = {f"size_{name}" for name in ("square", "portrait", "landscape")}
    chosen |= {"again", "edit", "undo", "details", "delete", "you", "easel", "new_picture", "new_message"}
    chosen |= {"prompt", "prompt_edit", "which_picture", "changing", "found", "lost", "locked", "try_again", "discard"}
    assert asked - set(PAGE) == set()
    assert set(PAGE) - asked - chosen == set()


def test_markup_has_nothing_inline() -> None:
    assert re.findall(r"\sstyle=|\son\w+=|<style|javascript:", MARKUP) == []
    assert re.findall(r"<script(?![^>]* src=)", MARKUP) == []


def test_text_never_becomes_markup() -> None:
    forbidden = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function"
    assert {name for name, text in SCRIPTS.items() if re.search(forbidden, text)} == set()


def test_files_are_short_enough_to_be_read_at_once() -> None:
    lengths = {path.name: len(path.read_text("utf-8").splitlines()) for path in FOLDER.iterdir()}
    assert {name: length for name, length in lengths.items() if length > 300} == {}


async def test_the_page_and_all_it_needs_is_served(studio: Studio) -> None:
    async with Guest.of(studio) as guest:
        wanted = ["/"]
        for path in wanted:
            async with guest.get(path) as answer:
                assert answer.status == 200, path
                if path.endswith(".svg"):
                    continue
                text = await answer.text()
            found = re.findall(r'(?:src|href)="(/[^"]+)"', text) + [
                f"/assets/{name}" for name in re.findall(r'from "\./([\w-]+\.js)"', text)
            ]
            wanted += [each for each in dict.fromkeys(found) if each not in wanted]
        served = {path.removeprefix("/assets/") for path in wanted[1:]}
        assert served == {path.name for path in FOLDER.iterdir() if path.suffix != ".html"}


async def test_unchanged_files_are_not_sent_again(studio: Studio) -> None:
    async with Guest.of(studio) as guest:
        async with guest.get("/assets/main.js") as answer:
            assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
            tag = answer.headers["ETag"]
        async with guest.get("/assets/main.js", headers={"If-None-Match": tag}) as answer:
            assert (answer.status, await answer.read()) == (304, b"")
        for name in ("index.html", "..%2fwords.py", "nothing.js"):
            async with guest.get(f"/assets/{name}") as answer:
                assert answer.status == 404


async def test_the_page_speaks_the_browsers_language(studio: Studio) -> None:
    async with Guest.of(studio) as guest:
        for accepted, language in (
            ("en-GB,en;q=0.9", "en"),
            ("zh-TW,zh;q=0.9", "zh-TW"),
            ("fr;q=0.3,zh-CN;q=0.9,en;q=0.1", "zh-CN"),
            ("x;q=nonsense,,zh-Hant-HK", "zh-TW"),
            ("*", "en"),
        ):
            headers = {"Accept-Language": accepted}
            _, session = await guest.call("GET", "/api/session", headers=headers)
            assert session["language"] == language
            assert session["words"].keys() == PAGE.keys()
            async with guest.get("/", headers=headers) as answer:
                assert f'<html lang="{language}">' in await answer.text()


@pytest.mark.parametrize("language", [each for each in LANGUAGES if each != "en"])
async def test_every_word_is_translated(studio: Studio, language: str) -> None:
    async with Guest.of(studio) as guest:
        _, session = await guest.call("GET", "/api/session", headers={"Accept-Language": language})
    same = {name for name, text in session["words"].items() if text == PAGE[name]}
    assert same <= {"easel"}
    assert all(not each.isascii() for each in session["examples"])
    assert all(not each["description"].isascii() for each in session["commands"])
