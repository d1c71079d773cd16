"""How long Easel takes to tell what a message asks for, in seven languages, and what the worst messages cost.

    python -m benchmarks.intent

Goal: under 1 ms. Beside it stands one regular-expression search of the same text for a single word.
"""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Callable
from functools import partial

from bot.intent import Message, Rules, decide

TYPICAL = (
    "make it night",
    "a red fox in the snow at dusk, 35mm",
    "thanks! now remove the hat and add some snow please",
    "把背景换成海边",
    "再亮一點，謝謝",
    "もう少し明るくして",
    "Kannst du bitte den Himmel etwas dunkler machen?",
    "enleve le chapeau stp",
    "quítale el sombrero y ponle nieve",
    "a portrait of an old fisherman with a grey beard, dramatic lighting, 85mm, film grain",
)
HOSTILE = (
    "please " * 50,
    "könntest du bitte " * 20,
    "s'il te plaît " * 25,
    "por favor " * 30,
    "お願いします" * 50,
    "再" * 300,
    "a" * 10_000,
    " " * 10_000,
    "not really very " * 20,
    "😂" * 300,
)
ROUNDS = 200


def cost(call: Callable[[], object]) -> float:
    """Return the median milliseconds of a call."""
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
    return statistics.median(times) * 1000


def main() -> None:
    """Measure and print."""
    rules, word = Rules.load(), re.compile(r"\bnight\b", re.IGNORECASE)

    def decided(text: str) -> object:
        return decide(Message(text, recent=True, where="dm"), rules)

    def searched(text: str) -> object:
        return word.search(text[:300])

    for name, texts in (("typical", TYPICAL), ("hostile", HOSTILE)):
        times = {text: cost(partial(decided, text)) for text in texts}
        bare = max(cost(partial(searched, text)) for text in texts)
        worst = max(times, key=times.__getitem__)
        print(
            f"{name}: median {statistics.median(times.values()):.3f} ms, worst {times[worst]:.3f} ms ({worst[:20]!r}…)"
        )
        print(f"  {times[worst] / bare:.0f} times the search for one word ({bare:.4f} ms); goal 1 ms")


if __name__ == "__main__":
    main()
