"""Bring the message catalogues up to date with the sources: `python scripts/extract_messages.py`.

Writes bot/i18n/easel.pot and every bot/i18n/locales/*/LC_MESSAGES/easel.po. Translations are kept, sentences
no longer used are dropped, and a reworded sentence is a new one. The same sources give the same bytes: no dates,
no line numbers. Collected from bot/ and adapters/ are

- `N_("…")`, anywhere;
- `sentence = "…"` in the body of a class (the errors), with its docstring's first paragraph for translators;
- `….plural(language, "one", "many", n)`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parent.parent
SOURCES = ("bot", "adapters")
TEMPLATE = "bot/i18n/easel.pot"
CATALOGUES = "bot/i18n/locales/*/LC_MESSAGES/easel.po"

HEADER = "# Sentences of Easel, collected by scripts/extract_messages.py; not edited by hand."
KEPT_FIELDS = ("Language", "Plural-Forms", "MIME-Version", "Content-Type", "Content-Transfer-Encoding")
"""Header fields that are written; Babel's others are dates, its version, and forms nobody filled in."""


class Found(NamedTuple):
    """One sentence in the sources; the key of a plural is a pair."""

    key: str | tuple[str, str]
    comment: str = ""


def template(root: Path = ROOT) -> Catalog:
    """Return every sentence of the sources below `root`, in the order of paths and lines.

    Raises ValueError for a marked expression that is no literal, SyntaxError for a source that is no Python.
    """
    catalogue = Catalog(header_comment=HEADER, fuzzy=False)
    for folder in SOURCES:
        for path in sorted((root / folder).rglob("*.py")):
            name = path.relative_to(root).as_posix()
            for key, comment in sentences(path.read_text("utf-8"), name):
                catalogue.add(key, locations=[(name, 0)], auto_comments=[comment] if comment else [])
    return catalogue


def updated(path: Path, new: Catalog) -> Catalog:
    """Return the catalogue of translations at `path` with exactly the sentences of `new`."""
    with path.open("rb") as file:
        catalogue = read_po(file)
    catalogue.update(new, no_fuzzy_matching=True)  # what Babel takes for similar seldom means the same
    return catalogue


def render(catalogue: Catalog) -> str:
    """Return the text of a .pot or .po file, one line for each sentence."""
    buffer = BytesIO()
    write_po(buffer, catalogue, width=0, ignore_obsolete=True, include_lineno=False)
    header, gap, entries = buffer.getvalue().decode().partition("\n\n")
    kept = (
        line for line in header.splitlines() if not line.startswith('"') or line[1:].partition(":")[0] in KEPT_FIELDS
    )
    return "\n".join(kept) + gap + entries.rstrip("\n") + "\n"


def sentences(source: str, name: str) -> Iterator[Found]:
    """Yield the sentences of one source, top to bottom; `name` is its path, for errors."""
    yield from _walk(ast.parse(source, name), name)


def _walk(node: ast.AST, name: str) -> Iterator[Found]:
    comment = ""
    match node:
        case ast.Call(func=ast.Name(id="N_"), args=[text]):
            yield Found(_literal(text, name))
        case ast.Call(func=ast.Attribute(attr="plural"), args=[_, one, many, *_]):
            yield Found((_literal(one, name), _literal(many, name)))
        case ast.ClassDef():
            comment = " ".join((ast.get_docstring(node) or "").partition("\n\n")[0].split())
    for child in ast.iter_child_nodes(node):
        match child:
            case (
                ast.Assign(targets=[ast.Name(id="sentence")], value=ast.expr() as text)
                | ast.AnnAssign(target=ast.Name(id="sentence"), value=ast.expr() as text)
            ) if isinstance(node, ast.ClassDef):
                yield Found(_literal(text, name), comment)
        yield from _walk(child, name)


def _literal(node: ast.expr, name: str) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    raise ValueError(f"{name}:{node.lineno}: a sentence must be one literal string, its values placeholders")


def main() -> None:
    """Write the template, then every catalogue."""
    new = template()
    (ROOT / TEMPLATE).write_text(render(new), "utf-8")
    for path in sorted(ROOT.glob(CATALOGUES)):
        catalogue = updated(path, new)
        path.write_text(render(catalogue), "utf-8")
        done = sum(not message.fuzzy and bool(message.string) for message in catalogue if message.id)
        print(f"{path.relative_to(ROOT)}: {done} of {len(catalogue)} sentences translated")


if __name__ == "__main__":
    main()
