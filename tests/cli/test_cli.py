"""The command line as people use it: the real process, its words and its exit codes."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import re
import signal
import sqlite3
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import aiohttp
import pytest
from PIL import Image

from tests.support.engines import png
from tests.support.process import ROOT, Process, Visitor, started, write_config

QUICK = {"EASEL_ENGINES__DEMO__TYPE": "demo", "EASEL_ENGINES__DEMO__PARAMS": '{"seconds": 0}'}


def easel(
    folder: Path, *args: str, stdin: str = "", environ: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command line in a folder of its own."""
    return subprocess.run(
        [sys.executable, "-m", "bot", *args],
        input=stdin,
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **QUICK, **(environ or {})},
        check=False,
        timeout=60,
    )


def test_check_says_a_line_for_each_part(tmp_path: Path) -> None:
    done = easel(tmp_path, "check")
    assert done.returncode == 0, done.stdout + done.stderr
    parts = [line.split(":")[0] for line in done.stdout.splitlines()]
    assert parts == ["ok      config", "ok      database", "ok      engine demo", "ok      local"]
    assert re.search(r"SQLite 3\.\d+", done.stdout)


MATRIX = {
    "EASEL_MATRIX__HOMESERVER": "https://example.org",
    "EASEL_MATRIX__USER_ID": "@easel:example.org",
    "EASEL_MATRIX__PASSWORD": "secret-token",
}
"""Well configured, and not to be had yet."""
WRONG = [
    ({"EASEL_TYPO": "1"}, "", ["EASEL_TYPO"]),
    ({}, "[discrod]\ntoken = 'x'\n", ["discrod", "discord"]),
    ({}, "log_format = 'xml'\n", ["log_format", "EASEL_LOG_FORMAT"]),
    ({"EASEL_ENGINES__DEMO__TYPE": "dalle"}, "", ["engines.demo.type", "demo"]),
    ({"EASEL_ENGINES__DEMO__PARAMS": '{"seconds": "long"}'}, "", ["engines.demo.params", "seconds"]),
    (MATRIX, "", ["matrix.homeserver", "EASEL_MATRIX__HOMESERVER"]),
    ({}, "language = \n", ["config.toml", "TOML"]),
]


@pytest.mark.parametrize(("environ", "file", "words"), WRONG)
def test_wrong_configuration_ends_with_2_and_a_line(
    tmp_path: Path, environ: dict[str, str], file: str, words: list[str]
) -> None:
    if file:
        (tmp_path / "config.toml").write_text(file)
    done = easel(tmp_path, "run", environ=environ)
    assert done.returncode == 2, done.stderr
    (line,) = done.stderr.splitlines()
    for word in words:
        assert word in line
    assert "secret-token" not in line
    assert done.stdout == ""


def test_a_platform_that_cannot_be_served_fails_the_check_too(tmp_path: Path) -> None:
    done = easel(tmp_path, "check", environ=MATRIX)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("matrix.homeserver: ")


def test_a_database_that_is_none_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "easel.db").write_text("no database " * 100)
    done = easel(tmp_path, "db", "upgrade")
    assert done.returncode == 2
    assert done.stderr == ("the database cannot be used: file is not a database (EASEL_DATA_DIR, EASEL_DATABASE_URL)\n")


def test_wrong_use_ends_with_2(tmp_path: Path) -> None:
    for line in ("paint", "imagine", "imagine fox -o x.png --count 99", "run --only irc"):
        done = easel(tmp_path, *line.split())
        assert done.returncode == 2
        assert done.stderr


def test_imagine_writes_pictures_and_only_their_names(tmp_path: Path) -> None:
    done = easel(tmp_path, "imagine", "a red fox --size 128x64", "--count", "2", "-o", "fox.png")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["fox.png", "fox-2.png"]
    assert done.stderr == ""
    for name in done.stdout.split():
        with Image.open(tmp_path / name) as image:
            assert image.size == (128, 64)
    assert not (tmp_path / "data").exists()


def test_imagine_changes_a_picture(tmp_path: Path) -> None:
    (tmp_path / "in.png").write_bytes(png(64, 64))
    done = easel(tmp_path, "imagine", "make it night", "--image", "in.png", "-o", "out.png")
    assert done.returncode == 0, done.stderr
    with Image.open(tmp_path / "out.png") as image:
        assert image.size == (64, 64)
        assert image.convert("RGB").getpixel((5, 5)) != (200, 80, 20)


def test_imagine_says_when_a_file_is_not_what_its_name_says(tmp_path: Path) -> None:
    done = easel(tmp_path, "imagine", "a red fox --size 64x64", "-o", "fox.jpg")
    assert (done.returncode, done.stdout.splitlines()) == (0, ["fox.jpg"])
    assert done.stderr.splitlines() == ["fox.jpg holds a PNG: that is what the engine draws, unchanged."]


FAILING = [
    (["imagine", "a fox --sed 1", "-o", "x.png"], "Did you mean --seed"),
    (["imagine", "", "-o", "x.png"], "What should I draw?"),
    (["imagine", "make it night", "--image", "absent.png", "-o", "x.png"], "absent.png"),
    (["imagine", "a fox", "--engine", "cloud", "-o", "x.png"], "There is no engine called “cloud”"),
    (["imagine", "a fox", "-o", "no/such/folder/x.png"], "no/such/folder/x.png"),
]


@pytest.mark.parametrize(("args", "sentence"), FAILING)
def test_what_fails_ends_with_1_and_its_sentence(tmp_path: Path, args: list[str], sentence: str) -> None:
    done = easel(tmp_path, *args)
    assert done.returncode == 1, done.stderr
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.glob("*.png")) == []


def test_imagine_shows_a_bar_on_a_terminal_and_is_quiet_elsewhere(tmp_path: Path) -> None:
    leader, follower = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "bot", "imagine", "a fox --size 64x64", "-o", "fox.png"],
        stdout=subprocess.PIPE,
        stderr=follower,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), **QUICK, "TERM": "xterm"},
        check=False,
        timeout=60,
    )
    os.close(follower)
    shown = os.read(leader, 100_000).decode()
    os.close(leader)
    assert done.returncode == 0
    assert "Drawing" in shown
    assert done.stdout == b"fox.png\n"


def test_models_and_version(tmp_path: Path) -> None:
    done = easel(tmp_path, "models", "demo")
    assert done.returncode == 0
    assert done.stdout.startswith("demo\t")
    assert easel(tmp_path, "models", "cloud").returncode == 1
    assert re.fullmatch(r"easel, version \d+\.\d+\.\d+\n", easel(tmp_path, "--version").stdout)


def test_intent_answers_each_line(tmp_path: Path) -> None:
    asked = [
        {"text": "a red fox"},
        {"text": "make it night", "replied": 1, "replied_by": "easel"},
        {"text": "thanks!"},
        {"text": "undo", "where": "dm", "recent": True},
        {"text": "a cat", "command": "imagine", "replied": 1},
    ]
    done = easel(tmp_path, "intent", stdin="".join(json.dumps(line) + "\n" for line in asked))
    assert done.returncode == 0, done.stderr
    assert [json.loads(line) for line in done.stdout.splitlines()] == [
        {"decision": "generate", "rule": 8},
        {"decision": "edit", "rule": 6},
        {"decision": "ignore", "rule": 3},
        {"decision": "undo", "rule": 3},
        {"decision": "generate", "rule": 2},
    ]
    wrong = easel(tmp_path, "intent", stdin='{"text": "a fox"}\n{"txt": 1}\n')
    assert wrong.returncode == 2
    assert "line 2" in wrong.stderr


def test_database_upgrade_and_backup(tmp_path: Path) -> None:
    first = easel(tmp_path, "db", "upgrade")
    assert (first.returncode, first.stderr) == (0, "")
    assert easel(tmp_path, "db", "upgrade").stdout == "The database is up to date.\n"
    assert easel(tmp_path, "db", "backup", "copy.db").returncode == 0
    for file in ("copy.db", "data/easel.db"):
        assert (tmp_path / file).stat().st_mode & 0o077 == 0  # pictures and prompts are nobody else's business
    copy = sqlite3.connect(tmp_path / "copy.db")
    assert ("jobs",) in copy.execute("select name from sqlite_master").fetchall()
    copy.close()
    again = easel(tmp_path, "db", "backup", "copy.db")
    assert again.returncode == 2
    assert "exists already" in again.stderr


async def test_health_readiness_and_metrics(tmp_path: Path, free_port: Callable[[], int]) -> None:
    config = write_config(tmp_path, free_port)
    port = tomllib.loads(config.read_text())["http"]["port"]
    async with started(config) as process, Visitor() as visitor, aiohttp.ClientSession() as session:
        await visitor.open(process)
        await visitor.answer_to((await visitor.say("a fox --size 64x64"))["id"])

        async def asked(path: str) -> str:
            async with session.get(f"http://127.0.0.1:{port}/{path}") as answer:
                assert answer.status == 200
                return await answer.text()

        assert await asked("healthz")
        assert json.loads(await asked("readyz")) == {"ready": True, "parts": {"database": "ok", "process": "ok"}}
        ended = 'easel_jobs_ended_total{engine_type="demo",outcome="delivered"} 1.0'
        async with asyncio.timeout(20):  # it is counted when the posting is written down
            while ended not in (metrics := await asked("metrics")):
                await asyncio.sleep(0.01)
    assert "fox" not in metrics


async def test_running_and_stopping(tmp_path: Path, free_port: Callable[[], int]) -> None:
    config = write_config(tmp_path, free_port)
    async with started(config) as process:
        second = easel(tmp_path, "--config", str(config), "run", environ={"EASEL_LOCAL__PORT": str(free_port())})
        assert second.returncode == 2
        assert "another Easel is using" in second.stderr
        checked = easel(tmp_path, "--config", str(config), "check")
        assert checked.returncode == 0
        assert "in use by the running Easel" in checked.stdout
        assert easel(tmp_path, "--config", str(config), "db", "backup", "live.db").returncode == 0
        assert await process.stop() == 0
    async with started(config) as process:
        assert await stop_with(process, signal.SIGINT) == 130


async def stop_with(process: Process, number: signal.Signals) -> int:
    process.send(number)
    return await process.died()


async def test_a_port_that_is_taken_is_named(tmp_path: Path, free_port: Callable[[], int]) -> None:
    config = write_config(tmp_path, free_port)
    async with started(config):
        for key, variable in (("local.port", "EASEL_LOCAL__PORT"), ("http.port", "EASEL_HTTP__PORT")):
            other = {"EASEL_DATA_DIR": str(tmp_path / "other"), "EASEL_HTTP__PORT": str(free_port())}
            if key == "http.port":
                other = {"EASEL_DATA_DIR": str(tmp_path / "other"), "EASEL_LOCAL__PORT": str(free_port())}
            done = easel(tmp_path, "--config", str(config), "run", environ=other)
            assert done.returncode == 2, done.stderr
            assert key in done.stderr
            assert variable in done.stderr
