"""Sentences in a person's language: safe to fill, in the right catalogue, collected from the sources."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from bot import errors
from bot.errors import BadValue, BotError, Cancelled, ConfigError, FileTooLarge
from bot.i18n.catalogue import Catalogues
from bot.i18n.negotiate import LANGUAGES, negotiate
from scripts.extract_messages import sentences


def compile_catalogue(catalogue: Catalog, folder: Path) -> None:
    target = folder / str(catalogue.locale_identifier) / "LC_MESSAGES" / "easel.mo"
    target.parent.mkdir(parents=True)
    with target.open("wb") as file:
        write_mo(file, catalogue)


def simplified(folder: Path, translations: dict[str | tuple[str, str], str | tuple[str]]) -> Catalogues:
    """Return catalogues with nothing but these sentences in zh-CN."""
    catalogue = Catalog(locale="zh_CN")
    for key, translation in translations.items():
        catalogue.add(key, translation)
    compile_catalogue(catalogue, folder)
    return Catalogues(folder)


# ── filling sentences ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("language", "text"),
    [("en", "Cancelled."), ("zh-CN", "已取消。"), ("zh-TW", "已取消。"), ("ja", "Cancelled."), ("", "Cancelled.")],
)
def test_an_error_is_read_in_the_persons_language(catalogues: Catalogues, language: str, text: str) -> None:
    assert catalogues.error(language, Cancelled()) == text


def test_every_error_can_be_said_in_every_language(catalogues: Catalogues) -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, BotError)]
    for kind in kinds:
        error = kind("7") if kind is ConfigError else kind(**dict.fromkeys(re.findall(r"{(\w+)}", kind.sentence), "7"))
        with capture_logs() as logs:
            said = [catalogues.error(language, error) for language in LANGUAGES]
        assert logs == []
        assert not any("{" in text for text in said)


def test_lines_of_a_configuration_error_stay_as_they_are(catalogues: Catalogues) -> None:
    error = ConfigError("http.port: not a number {x}", "llm: unknown key")
    assert catalogues.error("zh-TW", error) == "http.port: not a number {x}\nllm: unknown key"


def test_an_argument_that_is_a_sentence_is_translated_but_not_a_persons_word(tmp_path: Path) -> None:
    sentence = BadValue.sentence
    catalogues = simplified(tmp_path, {sentence: "{flag}：{value}，{expected}", "on or off": "开或关"})
    error = BadValue(flag="--enhance", value="on or off", expected="on or off")
    assert catalogues.error("zh-CN", error) == "--enhance：on or off，开或关"
    assert catalogues.error("en", error) == sentence.format(**error.args_)


@given(name=st.text() | st.sampled_from(["{limit}", "{0}", "{", "{name.__class__}", "%s", ""]))
def test_a_persons_words_are_never_a_format(catalogues: Catalogues, name: str) -> None:
    for language in LANGUAGES:
        said = catalogues.error(language, FileTooLarge(name=name, limit=20))
        assert name in said
        assert said.replace(name, "", 1).count("20") == 1 or "20" in name


def test_an_empty_sentence_and_an_empty_argument_stay_empty(catalogues: Catalogues) -> None:
    assert catalogues.text("zh-CN", "") == ""
    assert catalogues.text("zh-CN", "[{known}]", known="") == "[]"


def test_a_sentence_for_the_page_keeps_its_placeholders(catalogues: Catalogues) -> None:
    assert catalogues.translate("zh-CN", FileTooLarge.sentence) == "“{name}”太大了，我最多接收 {limit} MB 的文件。"


@pytest.mark.parametrize("broken", ["{nmae}", "{0}", "{", "{count.x}", "{count:d}"])
def test_a_broken_translation_is_read_in_english_and_logged(tmp_path: Path, broken: str) -> None:
    catalogues = simplified(tmp_path, {"{count} left": broken})
    with capture_logs() as logs:
        assert catalogues.text("zh-CN", "{count} left", count="secret words") == "secret words left"
    assert [entry["event"] for entry in logs] == ["sentence_not_filled"]
    assert "secret words" not in str(logs)


def test_missing_arguments_do_not_raise_and_superfluous_ones_are_ignored(catalogues: Catalogues) -> None:
    with capture_logs() as logs:
        assert catalogues.text("zh-CN", "{count} left") == "{count} left"
    assert len(logs) == 2
    assert catalogues.text("en", "{count} left", count=2, limit=3) == "2 left"


def test_plural(tmp_path: Path) -> None:
    one, many = "{n} picture of {total}", "{n} pictures of {total}"
    catalogues = simplified(tmp_path, {(one, many): ("{total} 张中的 {n} 张",)})
    assert catalogues.plural("en", one, many, 1, total=4) == "1 picture of 4"
    assert catalogues.plural("en", one, many, 0, total=4) == "0 pictures of 4"
    assert catalogues.plural("zh-CN", one, many, 1, total=4) == "4 张中的 1 张"


def test_without_compiled_catalogues_everything_is_english(tmp_path: Path) -> None:
    with capture_logs() as logs:
        catalogues = Catalogues(tmp_path)
    assert [entry["language"] for entry in logs] == ["zh-CN", "zh-TW"]
    assert catalogues.error("zh-CN", Cancelled()) == "Cancelled."


def test_the_installed_package_has_its_catalogues() -> None:
    assert Catalogues().error("zh-TW", Cancelled()) == "已取消。"


# ── languages ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ((), "en"),
        ((None, ""), "en"),
        (("en",), "en"),
        (("en-GB",), "en"),
        (("en-US", "zh-CN"), "en"),
        (("zh",), "zh-CN"),
        (("zh-CN",), "zh-CN"),
        (("zh-SG",), "zh-CN"),
        (("zh-Hans",), "zh-CN"),
        (("zh-Hans-HK",), "zh-CN"),
        (("zh-TW",), "zh-TW"),
        (("zh-HK",), "zh-TW"),
        (("zh-MO",), "zh-TW"),
        (("zh-Hant",), "zh-TW"),
        (("zh-Hant-CN",), "zh-TW"),
        (("ZH-hant-hk",), "zh-TW"),
        (("zh_TW.UTF-8",), "zh-TW"),
        (("zh_CN@pinyin",), "zh-CN"),
        (("zh-CN-u-nu-hant",), "zh-CN"),
        (("C.UTF-8",), "en"),
        (("fr", "zh-TW"), "zh-TW"),
        ((None, "pt-BR", "zh-Hant", "en"), "zh-TW"),
        (("x-zh-tw", "*"), "en"),
        (("english", "zhuang"), "en"),
    ],
)
def test_negotiate(wanted: tuple[str | None, ...], code: str) -> None:
    assert negotiate(*wanted) == code


@given(st.lists(st.none() | st.text(alphabet="zhenantwk-_.@ 1X", max_size=14), max_size=4))
def test_negotiate_takes_anything(wanted: list[str | None]) -> None:
    assert negotiate(*wanted) in LANGUAGES


# ── collecting ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_sentences_are_collected_with_their_comments() -> None:
    source = '''
class Problem(Exception):
    """Something is
    wrong.

    More."""

    sentence: ClassVar[str] = "Wrong. " "Sorry."
    other = "not this"

    def say(self, book, n):
        sentence = "nor this"
        return book.plural("en", "{n} day", "{n} days", n) + N_("Inside")

WORDS = {"key": N_("Send")}
'''
    assert list(sentences(source, "bot/x.py")) == [
        ("Wrong. Sorry.", "Something is wrong."),
        (("{n} day", "{n} days"), ""),
        ("Inside", ""),
        ("Send", ""),
    ]


@pytest.mark.parametrize("source", ['N_(f"{x} left")', 'N_("a" + b)', "class E:\n    sentence = text"])
def test_a_sentence_that_is_no_literal_is_refused(source: str) -> None:
    with pytest.raises(ValueError, match=r"^bot/x\.py:\d: "):
        list(sentences(source, "bot/x.py"))
