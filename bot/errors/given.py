"""What is wrong with pictures people give; nothing was counted."""

from __future__ import annotations

from bot.errors.refused import Refused


class NoPicture(Refused):
    """An edit without anything to edit."""

    sentence = "I have no picture to change. Attach one, or reply to a picture with what you want changed."


class BadPicture(Refused):
    """Bytes that are no whole picture."""

    sentence = "I can't read the picture “{name}”; it seems to be damaged. Please send it again."


class UnknownType(Refused):
    """A file that is no picture of a type Easel takes, whatever its name says."""

    sentence = "“{name}” is not a picture I can read. Please send a PNG, JPEG or WebP."


class Animated(Refused):
    """A picture with more than one frame."""

    sentence = "“{name}” is animated. I can only change still pictures; please send a single frame."


class PictureTooLarge(Refused):
    """More pixels than are decoded."""

    sentence = "“{name}” has {width} × {height} pixels; I take pictures of up to {limit} megapixels."


class FileTooLarge(Refused):
    """More bytes than are fetched."""

    sentence = "“{name}” is too large. I take files of up to {limit} MB."


class TooManyPictures(Refused):
    """More input pictures than are taken at once."""

    sentence = "Those are too many pictures at once; I take up to {limit}."


class MaskSize(Refused):
    """A mask of another size than its picture."""

    sentence = "The mask is {mask} pixels, but the picture is {picture}. Both must have the same size."


class MaskWithoutPicture(Refused):
    """A mask and nothing it could belong to."""

    sentence = "There is a mask but no picture to change. Please give the picture as well."


class Gone(Refused):
    """The picture's bytes are no longer kept, or the job is unknown."""

    sentence = "I no longer have that picture. Please send it again."


class CannotDescribe(Refused):
    """There is nothing that could look at a picture: no language model with vision, no engine that describes."""

    sentence = (
        "I can't describe pictures here. The operator can set up a language model that sees, or an engine that can."
    )


class NotDescribed(Refused):
    """What looks at pictures refused, or did not answer."""

    sentence = "I could not describe this picture right now. Please try again later, or with another picture."


class MaskMarksNothing(Refused):
    """A mask in which nothing stands out: neither transparent anywhere nor white on black."""

    sentence = "The mask marks nothing. Make what may change transparent, or paint it white on black."


class UnfitPicture(Refused):
    """An input or its mask that cannot be made what the engine takes."""

    sentence = "I could not make that picture small enough for the engine. Please try a smaller one."
