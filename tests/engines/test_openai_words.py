"""Error bodies of every shape are read, and what is logged of them holds neither key nor prompt."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest

from bot.net.client import Answer
from bot.net.said import LARGEST_ERROR, Told, describe, read, said_by, without

INNER = {
    "error": {"message": "Invalid size.", "type": "invalid_request_error", "param": "size", "code": "invalid_value"}
}
WHOLE = Told("invalid_value", "invalid_request_error", "size", "Invalid size.")


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (INNER, WHOLE),
        ([INNER], WHOLE),
        ({"error": INNER}, WHOLE),
        ({"error": {"message": INNER, "type": "None", "param": "None", "code": "400"}}, WHOLE),
        ({"error": {"message": json.dumps(INNER), "type": None, "param": None, "code": "400"}}, WHOLE),
        ({"error": {"message": f"litellm: {json.dumps(INNER, indent=2)}. Group=x", "code": "400"}}, WHOLE),
        ({"error": {"message": "broken { json", "code": 400}}, Told("400", words="broken { json")),
        ({"error": "text"}, Told(words="text")),
        ({"error": "insufficient_quota", "message": "text"}, Told("insufficient_quota", words="text")),
        ({"error": None, "detail": "text"}, Told(words="text")),
        ({"detail": {"message": "text", "code": "x"}}, Told("x", words="text")),
        ({"detail": [{"loc": ["body", "n"], "msg": "not a number"}, {}]}, Told(param="n", words="not a number")),
        ({"detail": []}, Told(words='{"detail": []}')),
        ({"message": "text"}, Told(words="text")),
        ({"error": {"message": ["x"], "code": True, "type": 5.5}}, Told(words="x")),
        ({"reason": "other"}, Told(words='{"reason": "other"}')),
        ("text", Told(words="text")),
        (7, Told(words="7")),
        (None, Told(words="null")),
        ([], Told(words="[]")),
    ],
)
def test_reads_an_error_of_every_shape(body: object, told: Told) -> None:
    assert read(json.dumps(body).encode()) == told


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", ""),
        (b" \n", ""),
        (b"<html>Bad Gateway</html>", "<html>Bad Gateway</html>"),
        (b'{"error": {"message": "cut', '{"error": {"message": "cut'),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b"[" * 60_000, "[" * 60_000),
        (b'{"error":' * 7000, '{"error":' * 7000),
        (b'{"error":' * 100 + b"1" + b"}" * 100, '{"error":' * 100 + "1" + "}" * 100),
    ],
    ids=repr,
)
def test_what_is_no_json_is_text(body: bytes, words: str) -> None:
    assert read(body) == Told(words=words)


async def test_reading_ends_where_errors_are_too_long() -> None:
    given = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal given
        while given < 100:
            given += 1
            yield b"x" * 16_384

    said = await said_by(Answer(500, {}, endless(), limit=10**9))

    assert said == Told(words="x" * LARGEST_ERROR)
    assert given == 4


@pytest.mark.parametrize(
    "secret",
    ["sk-proj-SECRETSECRET", "sk-abcd1234*****wxyz", "hunter2hunter2", "correct-horse-battery", "0123456789abcdef"],
)
@pytest.mark.parametrize(
    "text",
    [
        "Incorrect API key provided: {}. You can find",
        "Incorrect API key provided: '{}'",
        "Authorization was Bearer {}, which is wrong",
        "invalid key={}",
        "token: {}\nnext line",
        '"api_key": "{}"',
    ],
)
def test_what_is_logged_holds_no_key(text: str, secret: str) -> None:
    assert secret not in describe(401, Told(words=text.format(secret)))


def test_what_is_logged_is_one_short_line() -> None:
    assert describe(400, Told("bad", words="a\n\n b\t c\x1b[2J")) == "400 bad a b c\N{REPLACEMENT CHARACTER}[2J"
    assert describe(400, Told("no such\ncode", words="The API key is not valid here.")) == (
        "400  The API key is not valid here."
    )
    assert len(describe(400, Told(words="x " * 5000))) == 500


@pytest.mark.parametrize("prompt", ["a fox", 'a "quoted" fox', "ein Fuchs für dich\nund mich", "狐"])
def test_the_prompt_is_taken_out_however_it_is_repeated(prompt: str) -> None:
    for form in (f"“{prompt}”", json.dumps(prompt), json.dumps(prompt, ensure_ascii=False), repr(prompt)):
        assert without(Told(words=f"Bad {form}."), prompt) == Told(words=f"Bad {form[0]}…{form[-1]}.")


def test_a_letter_is_left_alone() -> None:
    assert without(Told(words="Bad prompt a."), "a") == Told(words="Bad prompt a.")
