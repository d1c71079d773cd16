"""What was asked for when a picture was drawn, as texts in picture files say it; no I/O, nothing decoded.

    parameters.py   AUTOMATIC1111's text, which Easel writes too and most programs read
    comfyui.py      the graph ComfyUI leaves in its pictures
    programs.py     the JSON of SwarmUI, InvokeAI and NovelAI, and which of all these a picture holds

Imports the standard library only: it also runs in the sandbox.
"""

from bot.pictures.infotext.comfyui import read_comfyui
from bot.pictures.infotext.parameters import Infotext, read_parameters, write
from bot.pictures.infotext.programs import read

__all__ = ["Infotext", "read", "read_comfyui", "read_parameters", "write"]
