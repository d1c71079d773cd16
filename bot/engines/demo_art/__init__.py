"""The demo engine's brush: turns words into pictures, and pictures into others, with nothing but Pillow.

All of it runs in the sandbox's child, which calls `stages`; nothing here knows the engine.
"""


class NoFont(Exception):
    """No font on this machine has the letters asked for."""
