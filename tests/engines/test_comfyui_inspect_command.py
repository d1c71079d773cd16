"""`easel workflow inspect`: what a person reads, the lines of configuration it gives, and its exit codes."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import structlog
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from bot.cli import main
from bot.config import load
from bot.engines.making import TYPES
from bot.pictures.sandbox import Sandbox
from tests.support.comfyui_known import FOLDER, NAMES, known, node
from tests.support.comfyui_server import ComfyUIServer

FINE = [
    name for name in NAMES if name not in ("broken", "inpaint_one_file", "inpaint_red", "unknown_nodes", "upscale_only")
]


FOX = """\
fox.json draws pictures from words.
Samplers: 3 (KSampler)
Output:   9 (SaveImage)

role       node . input                          has now                      why
prompt     6 “Subject” . text                    “a fox”                      the positive text of 3 (KSampler)
negative   7 “CLIP Text Encode (Prompt)” . text  “blurry, lowres, watermark”  the negative text of 3 (KSampler)
model      4 “Load Checkpoint” . ckpt_name       “dreamshaper_8.safetensors”  the model of 3 (KSampler)
width      5 “Empty Latent Image” . width        512                          the size that 3 (KSampler) starts from
height     5 “Empty Latent Image” . height       768                          the size that 3 (KSampler) starts from
count      5 “Empty Latent Image” . batch_size   1                            how many pictures 3 (KSampler) makes
steps      3 “KSampler” . steps                  20                           set for 3 (KSampler)
seed       3 “KSampler” . seed                   156680208700286              set for 3 (KSampler)
guidance   3 “KSampler” . cfg                    8                            set for 3 (KSampler)
sampler    3 “KSampler” . sampler_name           “euler”                      set for 3 (KSampler)
scheduler  3 “KSampler” . scheduler              “normal”                     set for 3 (KSampler)

Good to know:
- Several nodes could take the prompt. Here 6 (CLIPTextEncode) gets it, and the others keep what they have.
    prompt could be 20 “Style” . text, which has “oil painting, masterpiece”

For the configuration:

[engines.comfyui]
type = "comfyui"
urls = ["http://127.0.0.1:8188"]

[engines.comfyui.workflows.generate]
file = "fox.json"

[engines.comfyui.workflows.generate.nodes]
prompt = { ids = ["6"], key = "text" }
# prompt = { ids = ["20"], key = "text" }    # could be: 20 “Style” . text = “oil painting, masterpiece”
negative = { ids = ["7"], key = "text" }
model = { ids = ["4"], key = "ckpt_name" }
width = { ids = ["5"], key = "width" }
height = { ids = ["5"], key = "height" }
count = { ids = ["5"], key = "batch_size" }
steps = { ids = ["3"], key = "steps" }
seed = { ids = ["3"], key = "seed" }
guidance = { ids = ["3"], key = "cfg" }
sampler = { ids = ["3"], key = "sampler_name" }
scheduler = { ids = ["3"], key = "scheduler" }
"""
"""What is said of `two_positives`."""


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str


class Shell:
    """The command line in this process, in a folder of its own."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch, captured: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._patch = patch
        self._captured = captured

    def inspect(self, *args: str) -> Done:
        self._patch.setattr(sys, "argv", ["easel", "workflow", "inspect", *args])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = self._captured.readouterr()
        code = ended.value.code
        assert isinstance(code, int)
        return Done(code, out, err)

    def write(self, name: str, graph: object) -> str:
        (self.folder / name).write_text(json.dumps(graph), "utf-8")
        return name


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Shell]:
    """With the log as it was afterwards: commands that read the configuration log as it says."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    monkeypatch.chdir(tmp_path)
    yield Shell(tmp_path, monkeypatch, capsys)
    root.handlers, root.level = handlers, level
    logging.captureWarnings(False)
    structlog.reset_defaults()


def test_says_what_a_workflow_does_and_how_to_configure_it(shell: Shell) -> None:
    done = shell.inspect(shell.write("fox.json", known("two_positives")))

    assert (done.code, done.err) == (0, "")
    assert done.out == FOX


@pytest.mark.parametrize("name", FINE)
async def test_the_configuration_it_gives_makes_an_engine(name: str, shell: Shell) -> None:
    done = shell.inspect(shell.write("graph.json", known(name)), "--toml")
    (shell.folder / "config.toml").write_text(done.out, "utf-8")
    config = load(None, {})

    assert (done.code, done.err) == (0, "")
    async with Sandbox() as sandbox:
        engine = TYPES["comfyui"].make("comfyui", config.engines["comfyui"], sandbox)
        can = engine.capabilities()
        await engine.aclose()
    assert (can.generate, can.edit) == (
        (True, False) if "generate" in config.engines["comfyui"].workflows else (False, True)
    )


@pytest.mark.parametrize("name", [name for name in NAMES if name not in FINE])
def test_what_is_missing_is_1_and_still_valid_toml(name: str, shell: Shell) -> None:
    file = shell.write("graph.json", known(name))
    people, machine = shell.inspect(file), shell.inspect(file, "--toml")

    assert people.code == machine.code == 1
    assert "\nTo be put right:\n- " in people.out
    assert machine.err
    assert people.out.endswith(machine.out)
    assert set(tomllib.loads(machine.out)["engines"]["comfyui"]["workflows"]) <= {"generate", "edit"}


def test_a_name_and_a_folder_of_its_own(shell: Shell) -> None:
    (shell.folder / "graphs").mkdir()
    file = shell.write("graphs/my graph.json", known("sd15"))
    table = tomllib.loads(shell.inspect(file, "--toml", "--name", "anime").out)["engines"]["comfyui"]["workflows"]

    assert table["anime"]["file"] == "graphs/my graph.json"
    outside = str(FOLDER / "sd15.json")
    assert f'file = "{outside}"' in shell.inspect(outside, "--toml").out


def test_titles_and_ids_may_hold_anything(shell: Shell) -> None:
    graph = known("sd15")
    graph['6"\n\x7f'] = node("CLIPTextEncode", "\x1b[2J“]\nx = 1", text="\x1b]0;evil\x07\nfox", clip=["4", 1])
    graph["3"]["inputs"]["positive"] = ['6"\n\x7f', 0]
    done = shell.inspect(shell.write("graph.json", graph))

    half = shell.inspect(shell.write("half.json", known("sd15") | {"\ud800": node("SaveImage", images=["\ud801", 0])}))
    assert (half.code, half.err) == (1, "")
    assert "\x1b" not in done.out
    assert "\x07" not in done.out
    toml = tomllib.loads(shell.inspect("graph.json", "--toml").out)
    assert toml["engines"]["comfyui"]["workflows"]["generate"]["nodes"]["prompt"]["ids"] == ['6"\n\x7f']


# ── pictures ────────────────────────────────────────────────────────────────────────────────────────────────────


def picture(path: Path, **texts: str) -> None:
    info = PngInfo()
    for name, text in texts.items():
        info.add_text(name, text)
    Image.new("RGB", (8, 8)).save(path, "PNG", pnginfo=info)


def test_reads_a_picture_that_comfyui_saved(shell: Shell) -> None:
    picture(shell.folder / "fox.png", prompt=json.dumps(known("sd15")), workflow='{"nodes": []}')
    told = shell.inspect("fox.png")
    saved = shell.inspect("fox.png", "--save", "fox_api.json", "--toml")

    assert told.code == saved.code == 0
    assert (
        'file = "fox_api.json"    # to be written with: easel workflow inspect fox.png --save fox_api.json' in told.out
    )
    assert json.loads((shell.folder / "fox_api.json").read_text("utf-8")) == known("sd15")
    assert 'file = "fox_api.json"\n' in saved.out
    again = shell.inspect("fox.png", "--save", "fox_api.json")
    assert (again.code, again.out) == (2, "")
    assert again.err == "Error: --save: there is a file fox_api.json already\n"


# ── what it is not given ────────────────────────────────────────────────────────────────────────────────────────


def test_what_is_no_workflow_is_one_line_and_2(shell: Shell) -> None:
    shell.write("ui.json", {"nodes": [], "links": []})
    shell.write("list.json", [1])
    (shell.folder / "broken.json").write_text("{\n3")
    (shell.folder / "binary.json").write_bytes(b"\x00\xff\xfe")
    with (shell.folder / "huge.json").open("wb") as file:
        file.truncate(17 * 2**20)
    picture(shell.folder / "plain.png")
    picture(shell.folder / "odd.png", prompt="not a graph")
    Image.new("RGB", (8, 8)).save(shell.folder / "photo.jpg", "JPEG")

    for name, words in {
        "missing.json": "there is no missing.json",
        ".": ". cannot be read: Is a directory",
        "ui.json": "ui.json is a workflow as ComfyUI's page saves it",
        "list.json": "list.json is no workflow in the API format; in ComfyUI choose File → Export (API)",
        "broken.json": "broken.json is not JSON (line 2)",
        "binary.json": "binary.json is neither JSON nor a PNG",
        "huge.json": "huge.json is larger than 16 MB, so it is no workflow",
        "plain.png": "plain.png holds no workflow: it was not saved by ComfyUI, or something took its texts out",
        "odd.png": "the workflow in odd.png is not JSON (line 1)",
        "photo.jpg": "photo.jpg is a JPEG picture; only the PNG files that ComfyUI saves hold the workflow",
    }.items():
        done = shell.inspect(name)
        assert (done.code, done.out) == (2, ""), name
        assert done.err.startswith(f"Error: {words}")
        assert done.err.count("\n") == 1


def test_wrong_use_is_2(shell: Shell) -> None:
    file = shell.write("fox.json", known("sd15"))
    (shell.folder / "config.toml").write_text('[engines.demo]\ntype = "demo"\n')

    for args, line in (
        ((file, "--name", "My Fox"), "--name: small letters, digits and _ only, and a letter first"),
        ((file, "--engine", "gpu"), "there is no engine “gpu”; there is: demo"),
        ((file, "--engine", "demo"), "the engine demo is of type demo; only comfyui has workflows"),
    ):
        assert shell.inspect(*args) == Done(2, "", f"Error: {line}\n")


# ── with a server ───────────────────────────────────────────────────────────────────────────────────────────────


async def test_asks_the_server_of_the_engine(shell: Shell) -> None:
    good, bad = shell.write("good.json", known("sd15")), shell.write("bad.json", known("lora_chain"))
    configuration = shell.folder / "config.toml"
    async with ComfyUIServer(authorization="Bearer sesame") as server:
        engine = f'[engines.gpu]\ntype = "comfyui"\nurls = ["{server.url}"]\napi_key = "sesame"\n'
        configuration.write_text(engine, "utf-8")
        fits = await asyncio.to_thread(shell.inspect, good, "--engine", "gpu", "--toml")
        configuration.write_text(engine + fits.out, "utf-8")
        lacks = await asyncio.to_thread(shell.inspect, bad, "--engine", "gpu")
        configuration.write_text(engine.replace("sesame", "wrong-and-secret"), "utf-8")
        refused = await asyncio.to_thread(shell.inspect, good, "--engine", "gpu")

    assert (fits.code, fits.err) == (0, "")
    assert fits.out.startswith("[engines.gpu.workflows.generate]")
    assert lacks.code == refused.code == 1
    assert "- The server does not know the class LoraLoader (node 11, 12)." in lacks.out
    assert "# In place of the lines for generate that are in the configuration already:\n[engines.gpu.w" in lacks.out
    assert "it refuses the credentials (HTTP 401)" in refused.out
    assert "secret" not in refused.out + refused.err


def test_an_engine_that_cannot_be_asked_is_one_line_and_2(shell: Shell) -> None:
    (shell.folder / "config.toml").write_text('[engines.gpu]\ntype = "comfyui"\n')
    done = shell.inspect(shell.write("fox.json", known("sd15")), "--engine", "gpu")

    assert done == Done(2, "", "Error: engines.gpu.urls: is missing; the address of the engine is needed\n")
