"""Message catalogues for tests, compiled from the sources as they are now."""

from __future__ import annotations

from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from bot.i18n.catalogue import Catalogues
from scripts.extract_messages import CATALOGUES, ROOT


def compiled(folder: Path) -> Catalogues:
    """Compile every catalogue into `folder` and return them, newer than the installed ones may be."""
    for path in ROOT.glob(CATALOGUES):
        target = folder / path.parts[-3] / "LC_MESSAGES" / "easel.mo"
        target.parent.mkdir(parents=True)
        with path.open("rb") as source, target.open("wb") as file:
            write_mo(file, read_po(source))
    return Catalogues(folder)
