"""The words around a picture, by a language model: better prompts, acknowledgements, explanations, decisions and
descriptions. Nothing it says, or fails to say, keeps a picture from being drawn.
"""

from bot.prompts.prompts import Prompts

__all__ = ["Prompts"]
