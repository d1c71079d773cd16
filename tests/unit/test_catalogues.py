"""The catalogues: complete, alike in their placeholders, and written as natives write."""

from __future__ import annotations

import re
from collections.abc import Iterator
from string import Formatter

import pytest
from babel.messages.catalog import Message
from babel.messages.pofile import read_po

from bot.i18n.negotiate import LANGUAGES
from scripts.extract_messages import CATALOGUES, ROOT, TEMPLATE, render, template, updated

FILES = {path.parts[-3].replace("_", "-"): path for path in sorted(ROOT.glob(CATALOGUES))}
translated = pytest.mark.parametrize("language", sorted(FILES))

CJK = "[\u4e00-\u9fff]"
PHRASES = ("expected", "what")
"""Placeholders filled with a phrase in the same language, so that no space is wanted beside them."""
ENCODING = {"zh-CN": ("gb2312", 0xF7), "zh-TW": ("big5", 0xC6)}
"""A character set of nearly only Simplified, or Traditional, characters, and the last lead byte to count: the rarer
half of Big5 holds many that serve as Simplified."""
FOREIGN = {
    "zh-CN": "伺服器 网路 萤幕 档案 讯息 资讯 支援 软体 硬体 程式 记忆体 硬碟 影片 滑鼠 列印 使用者 介面 遮罩 连结 "
    "字元 贴上 剪贴簿 回覆 金钥 佇列 帐号 帐户 储存 设定 登入 登出 重新整理 「 」",
    "zh-TW": "服務器 網絡 屏幕 (?<!說明)文件 消息 信息 默認 支持 軟件 硬件 程序 內存 硬盤 (?<!檢)視頻 鼠標 打印 用戶 "
    "界面 蒙版 鏈接 字符 粘貼 剪貼板 回復 密鑰 隊列 賬號 賬戶 保存 設置 登錄 刷新 數據 加載 撤銷 生成 縮略圖 質量 "
    "么 儿 几 后 (?<!公)里 “ ”",
}
"""Words of the other place: understood, but not what a native writes."""


def messages(language: str) -> Iterator[tuple[Message, list[tuple[str, str]]]]:
    """Yield each message of a catalogue with its pairs of English and Chinese forms."""
    with FILES[language].open("rb") as file:
        catalogue = read_po(file)
    for message in catalogue:
        if isinstance(message.id, str):
            if message.id:
                yield message, [(message.id, str(message.string or ""))]
        else:  # Chinese has one form, which stands for the English plural
            yield message, [(message.id[1], text) for text in message.string or [""]]


def offenders(language: str, pattern: str) -> list[str]:
    return [chinese for _, forms in messages(language) for _, chinese in forms if re.search(pattern, chinese)]


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def test_there_is_a_catalogue_for_every_language_but_english() -> None:
    assert {"en", *FILES} == set(LANGUAGES)


def test_the_template_is_up_to_date() -> None:
    assert (ROOT / TEMPLATE).read_text("utf-8") == render(template()), "run scripts/extract_messages.py"


@translated
def test_a_catalogue_is_up_to_date(language: str) -> None:
    path = FILES[language]
    assert path.read_text("utf-8") == render(updated(path, template())), "run scripts/extract_messages.py"


@translated
def test_every_sentence_is_translated(language: str) -> None:
    assert [
        message.id for message, forms in messages(language) if message.fuzzy or not all(chinese for _, chinese in forms)
    ] == []


@translated
def test_placeholders_are_the_same(language: str) -> None:
    assert [
        english
        for _, forms in messages(language)
        for english, chinese in forms
        if chinese and fields(english) != fields(chinese)
    ] == []


@translated
def test_characters_are_of_the_right_script(language: str) -> None:
    encoding, last = ENCODING[language]
    used = {character for _, forms in messages(language) for _, text in forms for character in re.findall(CJK, text)}
    assert {each for each in used if not 0 < int.from_bytes(each.encode(encoding, "ignore")[:1]) <= last} == set()


@translated
def test_words_are_of_the_right_place(language: str) -> None:
    assert offenders(language, "|".join(FOREIGN[language].split())) == []


@translated
def test_punctuation_is_full_width(language: str) -> None:
    assert offenders(language, rf"(?:{CJK}|\}}|[。，：；？！（）“”「」])[,.:;!?()\"']|[(\"']{CJK}") == []


@translated
def test_one_space_between_chinese_and_latin(language: str) -> None:
    placeholder = rf"\{{(?!(?:{'|'.join(PHRASES)})\}})\w+\}}"
    latin = rf"(?:[A-Za-z0-9]|{placeholder})"
    full_width = "[，。：；？！、（）“”「」]"
    assert offenders(language, rf"{CJK}{latin}|{latin}{CJK}") == []
    assert offenders(language, rf"  |^ | $|{CJK} {CJK}| {full_width}|{full_width} ") == []
