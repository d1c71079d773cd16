"""Where a service has its calls and how they name the model: OpenAI's way, and Azure's two.

Azure (https://learn.microsoft.com/azure/ai-services/openai/reference):
`{endpoint}/openai/deployments/{deployment}/images/generations?api-version=…` with the header `api-key`, and since 2025
`{endpoint}/openai/v1/images/generations`, which is OpenAI's way with the deployment as model.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlsplit

from bot.engines.openai.models import within

V1 = "/openai/v1"
_HOSTS = re.compile(
    r"\.(?:(?:openai|cognitiveservices|services\.ai)\.azure\.(?:com|us|cn)|api\.cognitive\.microsoft\.com)$"
)
_CALL = re.compile(r"/images(?:/generations|/edits)?/?$", re.IGNORECASE)
_DEPLOYMENT = re.compile(r"/deployments(?:/([^/]+))?$", re.IGNORECASE)
_DATED = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True, slots=True)
class Layout:
    """How calls name the model."""

    azure: bool = False
    """Models are deployments, whose names are an operator's own."""
    in_path: bool = False
    """They stand in the path and not in the body: Azure compares what is there with its own names of models."""
    deployment: str = ""
    """The only one; then the model's name is only what is known of it."""

    def path(self, call: str, model: str) -> str:
        """Return the path of a call. Raises ValueError for a name that can be in no path."""
        if not self.in_path:
            return call
        name = self.deployment or model
        if not name.strip("."):
            raise ValueError("a deployment needs a name")
        return f"/deployments/{quote(name, safe='', errors='replace')}{call}"

    def line(self, model: str) -> str:
        """Return the name by which the model's facts are found."""
        return within(model) if self.azure else model


OPENAI = Layout()


@dataclass(frozen=True, slots=True)
class Azure:
    """An address of Azure's, whichever way it was written."""

    base: str
    """What paths are put behind."""
    api_version: str
    """For the query; empty: none is sent."""
    layout: Layout


def azure(address: str, api_version: str) -> Azure | None:
    """Read an address in any of the ways Azure shows it; None when it is not one of Azure's.

    It is Azure's if there is an `api_version`, in the settings or in the address, or by its host. Raises
    ValueError("<key>: what is wrong").
    """
    parts = urlsplit(address)
    version = _version(parts, api_version)
    if not version and not _HOSTS.search((parts.hostname or "").lower()):
        return None
    if not address:
        raise ValueError("api_version: set means Azure, whose address has to stand in urls")
    path = _CALL.sub("", parts.path).rstrip("/")
    deployment = ""
    if found := _DEPLOYMENT.search(path):
        path, deployment = path[: found.start()], unquote(found[1] or "")
    v1 = path.lower().endswith(V1)
    if version == "v1" and not v1 and not deployment:
        path, v1 = _with_openai(path) + "/v1", True
    base = parts._replace(path=path if v1 else _with_openai(path), query="", fragment="").geturl()
    if v1 and deployment:
        raise ValueError("urls: /openai/v1 and /deployments/… do not go together; leave one of them out")
    if v1 and _DATED.match(version):
        raise ValueError(f"api_version: {version} does not go with {V1}; leave one of the two out")
    if not v1 and not version:
        raise ValueError(f"api_version: is needed for an address of Azure's that does not end in {V1}")
    layout = Layout(azure=True, in_path=not v1, deployment=deployment)
    return Azure(base, "" if v1 and version == "v1" else version, layout)


def _version(parts: SplitResult, api_version: str) -> str:
    """Return the version of settings or address."""
    query = parse_qsl(parts.query, keep_blank_values=True)
    if {name.lower() for name, _ in query} != {"api-version"}:  # any other query is for others to refuse
        return api_version
    written = query[0][1]
    if api_version and written != api_version:
        raise ValueError("api_version: is not the one in the address; leave one of the two out")
    return written


def _with_openai(path: str) -> str:
    return path if path.lower().endswith("/openai") else f"{path}/openai"
