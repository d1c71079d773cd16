"""What a model said, made fit to be read: without its thinking, control characters, and quotes around it all."""

from __future__ import annotations

THINKING = (
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
    ("<reasoning>", "</reasoning>"),
    ("[THINK]", "[/THINK]"),
    ("◁think▷", "◁/think▷"),
)
"""Between these many servers leave what a model says to itself."""
FINAL = "<|channel|>final<|message|>"
"""What follows is what gpt-oss says to others, where a server does not know its format."""
QUOTES = ('""', "''", "``", "“”", "‘’", "«»", "„“", "「」", "『』")

_CONTROL = dict.fromkeys(each for each in (*range(32), *range(127, 160)) if chr(each) not in "\n\t")


def spoken(text: str) -> str:
    """Return what a model said to others, empty when it never came to an end with thinking."""
    text = text.rpartition(FINAL)[2]
    for opened, closed in THINKING:
        text = _without(text, opened, closed)
    return text.strip()


def cleaned(text: str) -> str:
    """Return a text without control characters but line breaks and tabs; half a character becomes `?`."""
    return text.replace("\r\n", "\n").translate(_CONTROL).encode("utf-8", "replace").decode()


def tidy(text: str) -> str:
    """Return what was said to others, cleaned, and without quotes if one pair of them wraps it all."""
    text = cleaned(spoken(text)).strip()
    inner = text[1:-1]
    wrapped = text[:1] + text[-1:] in QUOTES and not any(each in inner for each in (text[0], text[-1]))
    return inner.strip() if wrapped and inner else text


def _without(text: str, opened: str, closed: str) -> str:
    """Leave out what stands between the two. Takes time in proportion to the text's length."""
    kept, done = [], 0
    first = text.find(closed)
    if first >= 0 and text.find(opened, 0, first) < 0:  # the server put the opening into the question
        done = first + len(closed)
    while (start := text.find(opened, done)) >= 0:
        kept.append(text[done:start])
        end = text.find(closed, start)
        if end < 0:
            return "".join(kept)
        done = end + len(closed)
    return "".join([*kept, text[done:]])
