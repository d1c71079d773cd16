"""Whatever happened to a file on its way, it is read or refused, and the sandbox goes on."""

from __future__ import annotations

import asyncio
import contextlib

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import Refused
from bot.pictures.inspect import InputLimits, NotAPicture, inspect_result, prepare_input
from bot.pictures.sandbox import Sandbox
from tests.support.pictures import dirty, photo

FORMATS = "PNG", "JPEG", "WEBP", "GIF", "AVIF"


def test_damaged_files_are_refused_or_read_and_nothing_else() -> None:
    limits = InputLimits(max_pixels=1_000_000)
    whole = {format: dirty(format, photo(24, 16)) for format in FORMATS}
    with asyncio.Runner() as runner:
        sandbox = Sandbox()

        @settings(max_examples=150, deadline=None)
        @given(
            format=st.sampled_from(FORMATS),
            keep=st.none() | st.floats(0, 1),
            damage=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=4),
        )
        def check(format: str, keep: float | None, damage: list[tuple[float, int]]) -> None:
            data = bytearray(whole[format])
            for place, value in damage:
                data[int(place * (len(data) - 1))] = value
            if keep is not None:
                del data[int(keep * len(data)) :]
            with contextlib.suppress(Refused):
                found = runner.run(prepare_input(sandbox, bytes(data), "fox", limits))
                assert found.width * found.height <= limits.max_pixels
                assert not any(word in found.data for word in (b"SECRET", b"Exif", b"tEXt"))
            with contextlib.suppress(NotAPicture):
                result = runner.run(inspect_result(sandbox, bytes(data)))
                assert not any(word in result.data for word in (b"SECRET", b"Exif", b"tEXt"))

        try:
            check()
        finally:
            runner.run(sandbox.aclose())
