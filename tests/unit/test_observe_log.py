from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any, Literal

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from bot.observe import LONGEST, MASK, Redaction, configure_logging, scrub
from bot.types import Person, Place, Request

SECRET = "hunter2-correct-horse"
PROMPT = "a red fox in the snow"
FORMATS: tuple[Literal["console", "json"], ...] = ("console", "json")


@pytest.fixture(autouse=True)
def restored_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers, root.level = handlers, level
    logging.captureWarnings(False)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def request(text: str) -> Request:
    return Request("1", Person("local", "me"), Place("local", "studio", "main"), text)


@pytest.mark.parametrize("format", FORMATS)
def test_no_secret_and_no_prompt_reaches_the_log(
    format: Literal["console", "json"], capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging(format, log_prompts=False)
    structlog.get_logger().info(
        "engine asked",
        api_key=SECRET,
        headers={"Authorization": SECRET, "Set-Cookie": SECRET, "Accept": "image/png"},
        tries=[{"botToken": SECRET}, f"postgresql://easel:{SECRET}@db/easel"],
        prompt=PROMPT,
        task={"revised_prompt": PROMPT, "count": 2},
        request=request(PROMPT),
    )
    logging.getLogger("library").warning("GET /v1?key=%s with Bearer %s", SECRET, SECRET)

    out, err = capsys.readouterr()
    assert out == ""
    assert SECRET not in err
    assert PROMPT not in err
    assert "engine asked" in err
    assert "image/png" in err
    assert f"easel{MASK}" not in err


@pytest.mark.parametrize("format", FORMATS)
def test_prompts_are_logged_when_the_operator_wants_them(
    format: Literal["console", "json"], capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging(format, log_prompts=True)
    structlog.get_logger().info("accepted", prompt=PROMPT, request=request("make it night"), token=SECRET)

    err = capsys.readouterr().err
    assert PROMPT in err
    assert "make it night" in err
    assert SECRET not in err


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("foreign", [False, True])
def test_tracebacks_are_searched_and_hold_no_local_variables(
    format: Literal["console", "json"], foreign: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging(format, log_prompts=False)
    log: Any = logging.getLogger("library") if foreign else structlog.get_logger()
    words = " ".join(["a", "red", "fox", "in", "the", "snow"])
    assert words == PROMPT
    try:
        raise RuntimeError(f"refused: Bearer {SECRET}")
    except RuntimeError:
        log.exception("drawing failed")

    err = capsys.readouterr().err
    assert "RuntimeError: refused: Bearer" in err
    assert SECRET not in err
    assert PROMPT not in err


def test_records_of_libraries_carry_the_context_of_the_job(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("json", log_prompts=False)
    with structlog.contextvars.bound_contextvars(job="abc", server="discord:1"):
        structlog.get_logger("bot.jobs").info("claimed", engine="demo")
        logging.getLogger("aiohttp.client").error("closed after %s s", 5)
    logging.getLogger("aiohttp.client").info("idle")
    logging.getLogger("aiohttp.client").debug("never shown")

    ours, foreign, idle = map(json.loads, capsys.readouterr().err.splitlines())
    assert ours.pop("timestamp").endswith("Z")
    assert ours == {
        "event": "claimed",
        "engine": "demo",
        "job": "abc",
        "server": "discord:1",
        "level": "info",
        "logger": "bot.jobs",
    }
    assert (foreign["job"], foreign["server"], foreign["logger"]) == ("abc", "discord:1", "aiohttp.client")
    assert (foreign["event"], foreign["level"]) == ("closed after 5 s", "error")
    assert "job" not in idle


def test_a_record_that_cannot_be_formatted_is_not_printed_raw(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("json", log_prompts=False)
    logging.getLogger("library").info("%d pictures", SECRET)

    err = capsys.readouterr().err
    assert err == "A log record of library (INFO) could not be written.\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://me:pass@gpu.example:8188/x", f"http://{MASK}@gpu.example:8188/x"),
        ("https://token@gpu.example", f"https://{MASK}@gpu.example"),
        ("auth is me:pass@gpu", f"auth is me:{MASK}@gpu"),
        ("Incorrect API key provided: sk-proj-AbC_123xyz", f"Incorrect API key provided: sk-{MASK}"),
        ("authorization: Bearer abc.def-123", f"authorization: {MASK} {MASK}"),
        ("?key=AbCd&alt=json", f"?key={MASK}&alt=json"),
        ("{'api_key': 'abc', 'n': 1}", f"{{'api_key': '{MASK}', 'n': 1}}"),
        ("Cookie: a=1; b=2", f"Cookie: {MASK}"),
        ("/?token=abc HTTP/1.1", f"/?token={MASK} HTTP/1.1"),
        ("AIzaSyA-0123456789", f"AIza{MASK}"),
        (f"{'M' * 24}.Gabcde.{'x' * 38} refused", f"{MASK} refused"),
        ("red\x1b[31m", "red\N{REPLACEMENT CHARACTER}[31m"),
        # what must stay readable
        ("discord:1234", None),
        ("matrix:@me:example.org", None),
        ("@me:example.org joined !room:example.org", None),
        ("task-something-long", None),
        ("http://127.0.0.1:8188/prompt?number=1", None),
        ("line one\n\tline two", None),
        ("12 tokens, 3 keys", None),
        ("雪中的紅狐", None),
    ],
)
def test_scrub(text: str, expected: str | None) -> None:
    assert scrub(text) == (text if expected is None else expected)


def test_long_texts_are_cut_in_the_middle() -> None:
    cut = scrub("a" + "x" * 10 * LONGEST + "z")

    assert len(cut) < LONGEST + 10
    assert (cut[0], cut[-1]) == ("a", "z")


names = st.sampled_from(["token", "API_KEY", "X-Auth-Token", "clientSecret", "APIKey", "db.password", "Cookie"])
holders = st.recursive(
    st.builds(lambda name: {name: SECRET}, names) | st.builds(lambda name: {name: [SECRET]}, names),
    lambda inner: st.lists(inner, min_size=1) | st.tuples(inner) | st.dictionaries(st.text(), inner, min_size=1),
)


@given(holders, st.booleans())
def test_a_secret_is_found_at_any_depth(holder: Any, log_prompts: bool) -> None:
    shown = Redaction(log_prompts)(None, "info", {"event": "x", "data": holder})

    assert SECRET not in repr(shown)


def test_numbers_are_neither_secrets_nor_prompts() -> None:
    fields = {"tokens": 120, "prompt": None, "key": True, "text": 1.5}

    assert Redaction(False)(None, "info", dict(fields)) == fields


def test_pictures_are_named_by_their_length() -> None:
    assert Redaction(False)(None, "info", {"data": b"\x89PNG"}) == {"data": "<4 bytes>"}
