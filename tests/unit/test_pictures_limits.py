"""Whatever the picture and the limit: what is posted is within it, and a smaller one is the same picture."""

from __future__ import annotations

import asyncio
import io
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from bot.errors import TooLarge
from bot.pictures.fit import LOSSES, fit
from bot.pictures.sandbox import Sandbox
from tests.support.pictures import encoded, photo

MODES = {"L": "PNG", "RGB": "PNG", "RGBA": "PNG", "CMYK": "JPEG"}


def test_the_result_is_within_the_limit_whatever_the_picture() -> None:
    with asyncio.Runner() as runner:
        sandbox = Sandbox()

        @settings(max_examples=40)
        @given(
            width=st.integers(1, 500),
            height=st.integers(1, 500),
            mode=st.sampled_from(list(MODES)),
            rough=st.booleans(),
            part=st.floats(0.002, 1.1),
        )
        def check(width: int, height: int, mode: str, rough: bool, part: float) -> None:
            noise = Random(width * height).randbytes(width * height * len(mode))
            image = Image.frombytes(mode, (width, height), noise) if rough else photo(width, height).convert(mode)
            data = encoded(image, MODES[mode])
            limit = max(1, int(len(data) * part))
            try:
                found = runner.run(fit(sandbox, data, f"image/{MODES[mode].lower()}", limit))
            except TooLarge:
                return
            assert len(found.data) <= limit
            with Image.open(io.BytesIO(found.data)) as opened:
                opened.load()
                size = opened.size
            if found.loss == "smaller":
                assert size == (found.width, found.height)
                assert 256 <= max(size) < max(width, height)
                scale = max(size) / max(width, height)
                assert abs(size[0] - width * scale) <= 1 and abs(size[1] - height * scale) <= 1
                assert f"{size[0]} × {size[1]}" in LOSSES["smaller"].format(width=size[0], height=size[1])
            else:
                assert size == (width, height)

        try:
            check()
        finally:
            runner.run(sandbox.aclose())
