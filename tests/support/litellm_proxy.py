"""LiteLLM's proxy, the real one, between Easel and a local OpenAI server."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
KEY = "sk-master-0123456789"
CONFIG = """
model_list:
  - model_name: gpt-image-2
    litellm_params: {{model: openai/gpt-image-2, api_base: "{upstream}", api_key: "{key}"}}
  - model_name: chat
    litellm_params: {{model: openai/chat, api_base: "{chat}", api_key: "{chat_key}"}}
general_settings: {{master_key: "{master}"}}
litellm_settings: {{telemetry: false, num_retries: 0}}
"""
OFFLINE = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS": "True", "NO_PROXY": "*"}
START_S = 240.0
"""On a machine that is busy with other tests; alone it takes some ten seconds."""


def installed() -> Path:
    """Return the proxy's program, installed if need be."""
    done = subprocess.run(
        [ROOT / "scripts" / "install_litellm"], capture_output=True, text=True, check=False, timeout=500
    )
    if done.returncode:
        pytest.skip(f"LiteLLM could not be installed: {done.stderr.strip()[-300:]}")
    return ROOT / ".litellm" / "bin" / "litellm"


@contextlib.asynccontextmanager
async def running(folder: Path, port: int, *, upstream: str, key: str, chat: str, chat_key: str) -> AsyncIterator[str]:
    """Run the proxy before these services; give its address, which ends in /v1. `KEY` is its key."""
    program = await asyncio.to_thread(installed)
    folder.mkdir()
    config = folder / "litellm.yaml"
    config.write_text(CONFIG.format(upstream=upstream, key=key, chat=chat, chat_key=chat_key, master=KEY))
    log = folder / "litellm.log"
    environ = {"PATH": os.environ["PATH"], "HOME": str(folder), **OFFLINE}
    with log.open("wb") as out:
        process = await asyncio.create_subprocess_exec(
            *(program, "--config", config, "--host", "127.0.0.1", "--port", str(port)),
            cwd=folder,
            env=environ,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        await _reached(port, process, log)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, 9)
        await process.wait()


async def _reached(port: int, process: asyncio.subprocess.Process, log: Path) -> None:
    async with asyncio.timeout(START_S):
        while True:
            if process.returncode is not None:
                raise AssertionError(f"LiteLLM ended: {log.read_text('utf-8', 'replace')[-2000:]}")
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                return
            await asyncio.sleep(0.2)
