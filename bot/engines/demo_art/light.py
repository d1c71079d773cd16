"""The light of each time of day: what colours the sky, and everything below it."""

from __future__ import annotations

from dataclasses import dataclass

from bot.engines.demo_art.colour import WHITE, Colour, mix, rgb, times


@dataclass(frozen=True, slots=True)
class Light:
    """One palette: harmonious on its own, so that nothing painted in it can clash."""

    sky: tuple[Colour, ...]
    """From the zenith to the horizon."""
    disc: Colour
    """Sun or moon; its light also rims what stands in it."""
    ambient: Colour
    """What a white surface looks like."""
    moon: bool = False
    stars: float = 0.0
    """Share of the full number of stars."""

    @property
    def haze(self) -> Colour:
        """What far things fade into."""
        return mix(self.sky[-1], self.sky[-2], 0.35)

    @property
    def air(self) -> Colour:
        """The colour distance lends to solid things: haze with some of the sky above in it."""
        return mix(self.haze, self.sky[1], 0.5)

    @property
    def dark(self) -> bool:
        """Lamps are lit."""
        return self.moon or sum(self.ambient) < 640

    def tone(self, colour: Colour, distance: float = 0.0) -> Colour:
        """A colour as it looks in this light; `distance` 0 is near, 1 is lost in haze."""
        return mix(times(colour, self.ambient), self.air, distance)

    def near(self, colour: Colour) -> Colour:
        """A colour of the subject, which keeps more of its own than the land around it."""
        return times(colour, mix(self.ambient, WHITE, 0.45))

    def tinted(self, colour: Colour) -> Light:
        """The same light with the sky drawn towards a colour."""
        sky = tuple(mix(c, times(mix(c, WHITE, 0.35), colour), 0.62) for c in self.sky)
        return Light(sky, self.disc, mix(self.ambient, times(self.ambient, colour), 0.3), self.moon, self.stars)


def light(sky: str, disc: str, ambient: str, moon: bool = False, stars: float = 0.0) -> Light:
    """Read a palette from hexadecimal colours."""
    return Light(tuple(rgb(c) for c in sky.split()), rgb(disc), rgb(ambient), moon, stars)


LIGHTS: dict[str, tuple[Light, ...]] = {
    "dawn": (
        light("41609a 86a3cc e2b9c8 ffd3b4 fff1d4", "fff6dd", "fff0e6"),
        light("4d528f 9a86ba eea9b4 ffcfa8 fff2d8", "fff4d6", "fceae8"),
        light("3a6aa6 86a2d0 e6c4bc ffcda0 fff0cc", "fff8e0", "fff0e0"),
    ),
    "day": (
        light("2a78c8 5fa6e2 9fd0f0 dcf0f6", "fffbe6", "ffffff"),
        light("1f88b4 5cb6d2 abdfe2 f2f6e6", "fffbe0", "fffdf6"),
        light("4a8fd0 84bbe8 c0def0 f8f1e2", "fffdf0", "fffcf8"),
    ),
    "dusk": (
        light("1f1d4d 55316f b2476f ef7858 ffc579", "ffe9b0", "e0b8c8"),
        light("27335f 6b4c8d c46997 f6a288 ffdfa6", "fff0c8", "e6c4d0"),
        light("1c2f62 5a5998 b7819f f39a6c ffd896", "fff0be", "dcc6cc"),
    ),
    "night": (
        light("070b26 0f1f48 1f3f70 42709a", "f6f1dc", "6680b8", moon=True, stars=1.0),
        light("0b0a2c 1c1b50 3b357c 6f63a2", "f8efe0", "7c7cc0", moon=True, stars=1.0),
        light("06151f 0b2f40 17566a 3f8a92", "f4f4e4", "5f94a8", moon=True, stars=0.9),
    ),
    "aurora": (
        light("050a20 0a1f3c 0f4455 236f6f", "f4f6ea", "6a9cae", moon=True, stars=1.0),
        light("090a26 171b48 23405f 2f7a78", "f4f2ea", "7494b4", moon=True, stars=1.0),
    ),
    "storm": (
        light("1a212d 333e4c 5a6873 98a19c", "e8ecdf", "a3adb5"),
        light("20202c 3d3c4c 666473 a59c98", "ece4d8", "aca6b0"),
    ),
    "mist": (
        light("8ea4b1 b2c3ca d5ddda ece9df", "fffdf2", "e4e8ea"),
        light("a39bb0 c3b7c6 ded0d2 f3e6da", "fff8ec", "ebe4e8"),
    ),
}
