"""Buildings, each a handful of outlines."""

from __future__ import annotations

from bot.engines.demo_art.figure import Figure, Part
from bot.engines.demo_art.shapes import arch, blob, box, oval, placed, poly


def tower(x: float, y: float, width: float, roof: float, bottom: float) -> tuple[Part, ...]:
    """A castle tower: wall with battlements and a pointed roof with a flag."""
    middle = x + width / 2
    return (
        ("d9d2c8", box(x, y, width, bottom - y)),
        ("bcb3ab", box(x + width * 0.62, y, width * 0.38, bottom - y)),
        ("c9c0b6", box(x - 1.2, y - 1, width + 2.4, 3.2)),
        ("main", [(x - 2, y - 1), (middle, y - roof), (x + width + 2, y - 1)]),
        ("main-25", [(middle, y - 1), (middle, y - roof), (x + width + 2, y - 1)]),
        ("5b5560", box(middle - 0.3, y - roof - 6, 0.6, 7)),
        ("e8b53a", [(middle, y - roof - 6), (middle + 6, y - roof - 4.4), (middle, y - roof - 2.8)]),
        ("lamp", arch(middle - 1.5, y + 6, 3, 6)),
    )


_HOUSE = (
    ("7b5a4a", box(64, 24, 8, 20)),
    ("684a3e", box(63, 22, 10, 4)),
    ("main", box(20, 52, 60, 46)),
    ("main-14", box(56, 52, 24, 46)),
    ("5b4a56", poly("12,54 34,24 68,24 88,54")),
    ("6b5866", poly("12,54 34,24 44,24 56,54")),
    ("main", poly("22,54 38,31 54,54")),
    ("fff4e2", poly("12,54 34,24 37,24 16,54")),
    ("fff4e2", poly("54,54 36,27 37.6,24 58,54")),
    ("lamp", oval(38, 45, 4)),
    ("7a4a36", arch(31, 68, 14, 30)),
    ("f2c14e", oval(42, 84, 1)),
    ("fff4e2", box(59, 62, 15, 17)),
    ("lamp", box(60.2, 63.2, 5.8, 7)),
    ("lamp", box(67, 63.2, 5.8, 7)),
    ("lamp", box(60.2, 71, 5.8, 7)),
    ("lamp", box(67, 71, 5.8, 7)),
    ("fff4e2", box(22, 64, 7, 13)),
    ("lamp", box(23, 65, 5, 11)),
    ("d8cfc4", box(28, 95, 20, 4)),
)

_CASTLE = (
    *tower(40, 26, 14, 20, 98),
    *tower(60, 42, 11, 15, 98),
    *tower(26, 46, 11, 15, 98),
    ("d9d2c8", box(18, 66, 64, 34)),
    ("c6bdb3", box(56, 66, 26, 34)),
    *(("d9d2c8", box(18 + 6.6 * i, 62, 4, 5)) for i in range(10)),
    *tower(8, 56, 14, 18, 100),
    *tower(78, 56, 14, 18, 100),
    ("6b4a3c", arch(43, 76, 14, 24)),
    ("513629", box(49.6, 80, 0.8, 20)),
    ("lamp", arch(31, 76, 4, 8)),
    ("lamp", arch(65, 76, 4, 8)),
)

_LIGHTHOUSE = (
    ("beam", poly("50,21 -120,-8 -120,34")),
    ("beam", poly("50,21 220,4 220,58")),
    ("5a5360", poly("24,104 30,94 40,91 60,91 72,95 80,104")),
    ("f4efe6", poly("41,30 59,30 64,93 36,93")),
    ("main", poly("40,42 60,42 61,53 39,53")),
    ("main", poly("38.2,64 61.8,64 62.8,75 37.2,75")),
    ("main", poly("36.4,86 63.6,86 64,93 36,93")),
    ("3b3a48", box(36, 27, 28, 3.4)),
    ("3b3a48", box(42, 14, 16, 14)),
    ("lamp", box(43.6, 15, 12.8, 12)),
    ("3b3a48", box(49.4, 14, 1.2, 14)),
    ("main", blob("40,14.6! 43,8 50,5 57,8 60,14.6!")),
    ("3b3a48", box(49.5, 0, 1, 6)),
    ("4a5568", arch(47.4, 56, 5.2, 8)),
    ("4a5568", arch(47.4, 35, 5.2, 7)),
    ("6b4a3c", arch(46, 80, 8, 13)),
)

_ROOF = blob("-1.5,0! -1,-1 -0.6,-8! 0.6,-8! 1,-1 1.5,0! 0,4")

_PAGODA = (
    ("8a5a48", box(30, 92, 40, 8)),
    *(
        part
        for y, half in ((74, 22), (54, 18), (35, 14), (18, 10))
        for part in (
            ("c9503f", box(50 - half * 0.62, y, half * 1.24, 20)),
            ("lamp", arch(50 - half * 0.16, y + 7.4, half * 0.32, 9)),
            ("f1dcc0", box(50 - half * 0.46, y + 8, half * 0.16, 7)),
            ("f1dcc0", box(50 + half * 0.3, y + 8, half * 0.16, 7)),
            ("main", placed(_ROOF, (50, y), half, 1)),
        )
    ),
    ("main", poly("48.6,12 50,-6 51.4,12")),
    ("e8b53a", oval(50, 1, 1.8)),
)

BUILDINGS: dict[str, Figure] = {
    "house": Figure("e8dcc8", _HOUSE, 0.4),
    "castle": Figure("b5483f", _CASTLE, 0.5, home="mountains"),
    "lighthouse": Figure("d64f45", _LIGHTHOUSE, 0.58, home="sea"),
    "temple": Figure("4d5a6e", _PAGODA, 0.54, home="mountains"),
}
