"""The HTTP routes of the ComfyUI server around files and what it has: uploads, pictures, node classes, models."""

from __future__ import annotations

import asyncio
import io
import json
import mimetypes
import re

from aiohttp import web
from PIL import Image

from tests.support.comfyui_faults import NOT_FOUND, UPLOAD_TOO_LARGE
from tests.support.comfyui_files import KINDS, Escape, FileRef, Files, inside
from tests.support.comfyui_nodes import CLASSES, object_info
from tests.support.comfyui_routes import NOTHING, Table
from tests.support.serving import CALL
from tests.support.serving_calls import Call, Reply, Upload

LARGEST_UPLOAD = 100 << 20
BAD = Reply(400, content_type="application/octet-stream")


class FileRoutes:
    """The routes."""

    def __init__(self, files: Files, models: list[str], version: str, *, modern: bool) -> None:
        """`models` are the checkpoints."""
        self._files = files
        self._models = models
        self._version = version
        self._modern = modern

    def table(self) -> Table:
        """Return the routes."""
        return [
            ("POST", "/upload/image", self._upload),
            ("POST", "/upload/mask", self._upload_mask),
            ("GET", "/view", self._view),
            ("GET", "/object_info", self._all_classes),
            ("GET", "/object_info/{name}", self._one_class),
            ("GET", "/models", self._folders),
            ("GET", "/models/{name}", self._folder),
            ("GET", "/system_stats", self._system),
            ("GET", "/features", self._features),
            ("POST", "/free", self._free),
        ]

    # ── uploads ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def _upload(self, request: web.Request) -> Reply:
        return self._stored(request[CALL], None)

    async def _upload_mask(self, request: web.Request) -> Reply:
        call = request[CALL]
        original = json.loads(call.fields["original_ref"])
        named = FileRef(original["filename"], original.get("subfolder", ""), original.get("type", "output"))
        data = self._files.all.get(named)
        if data is None:  # 200 all the same, and nothing is written
            named = FileRef(_image(call).filename, call.fields.get("subfolder", ""), call.fields.get("type", "input"))
            return _stored_as(named)
        return self._stored(call, await asyncio.to_thread(_with_alpha, data, _image(call).data))

    def _stored(self, call: Call, data: bytes | None) -> Reply:
        """Store an upload, or `data` in its place. Raises KeyError and the like where the server answers 500."""
        if not call.uploads:
            return BAD
        upload = _image(call)
        type, subfolder = call.fields.get("type", "input"), call.fields.get("subfolder", "")
        if type not in KINDS:
            raise KeyError(type)
        if not upload.filename:
            raise ValueError("no file name")
        if upload.size > LARGEST_UPLOAD:
            return UPLOAD_TOO_LARGE
        overwrite = call.fields.get("overwrite") in ("true", "1")
        try:
            ref = self._files.upload(upload.filename, data or upload.data, subfolder, type, overwrite)
        except Escape:
            return BAD
        return _stored_as(ref)

    # ── pictures ────────────────────────────────────────────────────────────────────────────────────────────────

    async def _view(self, request: web.Request) -> Reply:
        query = request.query
        found = re.fullmatch(r"(.*?)(?: \[(input|output|temp)\])?", query.get("filename", ""))
        if found is None or not found[1]:
            return NOT_FOUND
        name, type = found[1], found[2] or query.get("type", "output")
        if name.startswith("/") or ".." in name or type not in KINDS:
            return BAD
        try:
            ref = FileRef(name, inside(query.get("subfolder", "")), type)
        except Escape:
            return Reply(403, content_type="application/octet-stream")
        data = self._files.all.get(ref)
        if data is None:
            return NOT_FOUND
        headers = {"Content-Disposition": f'filename="{name}"'}
        if "preview" in query:
            format, _, quality = query["preview"].partition(";")
            data = await asyncio.to_thread(_preview, data, format, int(quality or 90))
            return Reply(200, data, f"image/{format}", headers)
        if query.get("channel") in ("rgb", "a"):
            data = await asyncio.to_thread(_channel, data, query["channel"])
            return Reply(200, data, "image/png", headers)
        return Reply(200, data, mimetypes.guess_type(name)[0] or "application/octet-stream", headers)

    # ── what there is ───────────────────────────────────────────────────────────────────────────────────────────

    async def _all_classes(self, request: web.Request) -> Reply:
        return Reply.json(200, {name: object_info(name, self._files, self._models, self._modern) for name in CLASSES})

    async def _one_class(self, request: web.Request) -> Reply:
        name = request.match_info["name"]
        known = name in CLASSES
        return Reply.json(200, {name: object_info(name, self._files, self._models, self._modern)} if known else {})

    async def _folders(self, request: web.Request) -> Reply:
        return Reply.json(200, ["checkpoints", "loras", "vae"])

    async def _folder(self, request: web.Request) -> Reply:
        lists = {"checkpoints": self._models, "loras": [], "vae": []}
        name = request.match_info["name"]
        return Reply.json(200, lists[name]) if name in lists else NOT_FOUND

    async def _system(self, request: web.Request) -> Reply:
        system = {
            "os": "posix",
            "ram_total": 67_000_000_000,
            "ram_free": 40_000_000_000,
            "comfyui_version": self._version,
            "python_version": "3.12.3",
            "pytorch_version": "2.8.0+cu128",
            "embedded_python": False,
            "argv": ["/srv/secret-folder/ComfyUI/main.py", "--listen"],
        }
        device = {"name": "cuda:0 NVIDIA", "type": "cuda", "index": 0, "vram_total": 8_000_000_000}
        device |= {"vram_free": 6_000_000_000, "torch_vram_total": 0, "torch_vram_free": 0}
        return Reply.json(200, {"system": system, "devices": [device]})

    async def _features(self, request: web.Request) -> Reply:
        return Reply.json(200, FEATURES)

    async def _free(self, request: web.Request) -> Reply:
        json.loads(request[CALL].body)
        return NOTHING


FEATURES = {"supports_preview_metadata": True, "max_upload_size": LARGEST_UPLOAD}
"""What the server says of itself, also over the websocket."""


def _stored_as(ref: FileRef) -> Reply:
    return Reply.json(200, {"name": ref.filename, "subfolder": ref.subfolder, "type": ref.type})


def _image(call: Call) -> Upload:
    return next(each for each in call.uploads if each.name == "image")


def _with_alpha(original: bytes, mask: bytes) -> bytes:
    picture = Image.open(io.BytesIO(original)).convert("RGBA")
    picture.putalpha(Image.open(io.BytesIO(mask)).convert("RGBA").getchannel("A"))
    return _encoded(picture, "PNG")


def _preview(data: bytes, format: str, quality: int) -> bytes:
    picture = Image.open(io.BytesIO(data))
    return _encoded(picture.convert("RGB") if format == "jpeg" else picture, format.upper(), quality=quality)


def _channel(data: bytes, channel: str) -> bytes:
    picture = Image.open(io.BytesIO(data))
    if channel == "rgb":
        return _encoded(picture.convert("RGB"), "PNG")
    alone = Image.new("RGBA", picture.size)
    alone.putalpha(picture.convert("RGBA").getchannel("A"))
    return _encoded(alone, "PNG")


def _encoded(picture: Image.Image, format: str, **options: int) -> bytes:
    file = io.BytesIO()
    picture.save(file, format, **options)
    return file.getvalue()
