"""Azure's images dialect as of November 2026, on loopback: OpenAI's, with deployments in the path or as models.

What differs from OpenAI's own: the header `api-key`, `api-version` in the query, models listed that are not deployed,
bodies that name a model compared with Azure's names of models even where the path says which deployment is meant, and
the words of refusals.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from aiohttp import web

from tests.support.openai_faults import AZURE_CONTENT_FILTER
from tests.support.openai_models import MODELS, invalid
from tests.support.openai_server import OpenAIServer
from tests.support.serving import CALL
from tests.support.serving_calls import Call, Reply, send

VERSION = "2025-04-01-preview"
KEY = "0123456789abcdef0123456789abcdef"


def error(status: int, code: str, message: str, **headers: str) -> Reply:
    """Return an error in Azure's shape; `_` in a header's name stands for `-`."""
    return Reply.json(status, {"error": {"code": code, "message": message}}, **headers)


NO_DEPLOYMENT = error(
    404,
    "DeploymentNotFound",
    "The API deployment for this resource does not exist. If you created the deployment within the last 5 minutes, "
    "please wait a moment and try again.",
)
NOT_FOUND = error(404, "404", "Resource not found")
WRONG_KEY = error(
    401,
    "401",
    "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an "
    "active subscription and use a correct regional API endpoint for your resource.",
)
NO_KEY = Reply.json(
    401, {"statusCode": 401, "message": "Unauthorized. Access token is missing, invalid, or has expired."}
)
"""Without `error`: what stands before the service says so."""
FILTERED = AZURE_CONTENT_FILTER
FILTERED_LATER = Reply.json(
    400,
    {
        "error": {
            "code": "content_policy_violation",
            "inner_error": {
                "code": "ResponsibleAIPolicyViolation",
                "content_filter_results": {"jailbreak": {"detected": False, "filtered": False}},
                "revised_prompt": "someone else's words",
            },
            "message": "Your request was rejected as a result of our safety system. Your prompt may contain text that "
            "is not allowed by our safety system.",
            "type": "invalid_request_error",
        }
    },
)
FILTERED_AS_CHAT = Reply.json(
    400,
    {
        "error": {
            "message": "The response was filtered due to the prompt triggering Azure OpenAI's content management "
            "policy. Please modify your prompt and retry.",
            "type": None,
            "param": "prompt",
            "code": "content_filter",
            "status": 400,
            "innererror": {"code": "ResponsibleAIPolicyViolation", "content_filter_result": {"hate": {}}},
        }
    },
)
BLOCKED = error(
    403,
    "Forbidden",
    "Your resource has been temporarily blocked because we detected behavior that may violate our content policy.",
)
NO_SUCH_OPERATION = error(
    400, "OperationNotSupported", "The imageGenerations operation does not work with the specified model, gpt-5.4-mini."
)
NO_SUCH_VERSION = error(400, "BadRequest", "API version not supported")
FIREWALL = error(403, "403", "Access denied due to Virtual Network/Firewall rules.")
NOT_A_MODEL = invalid("model", "The model 'house-painter' does not exist.")
BUSY = error(
    429,
    "429",
    "Requests to the ImageGenerations_Create Operation under Azure OpenAI API version 2025-04-01-preview have exceeded "
    "call rate limit of your current OpenAI S0 pricing tier. Please retry after 6 seconds.",
)


class AzureServer(OpenAIServer):
    """The server. `models` of the base are what deployments are of."""

    default_on = "/images/"

    def __init__(self, deployments: Mapping[str, str], *, v1: bool = False) -> None:
        """`deployments`: name to model; `v1`: only the form whose address ends in /openai/v1 is there."""
        super().__init__(key=KEY, key_header="api-key", prefix="")
        self._deployments = deployments
        self._v1 = v1

    @property
    def url(self) -> str:
        """What Azure shows as the endpoint."""
        return f"{self.root}/openai/v1" if self._v1 else f"{self.root}/"

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of one of the two forms."""
        base = "/openai/v1" if self._v1 else "/openai/deployments/{deployment}"
        return [
            web.get("/openai/v1/models" if self._v1 else "/openai/models", self._models),
            web.post(f"{base}/images/generations", self._deployed),
            web.post(f"{base}/images/edits", self._deployed),
        ]

    def refused(self, call: Call) -> Reply | None:
        """Return 401 for a missing or wrong key, 404 for a missing version."""
        given = call.headers.get("api-key") or call.headers.get("authorization", "").removeprefix("Bearer ")
        if not given:
            return NO_KEY
        if given != self.key:
            return WRONG_KEY
        version = call.query.get("api-version", "")
        right = version in ("", "v1", "preview") if self._v1 else version == VERSION
        return None if right else NOT_FOUND

    def unknown(self, call: Call) -> Reply:
        """Return 404 as Azure words it."""
        return NOT_FOUND

    async def _deployed(self, request: web.Request) -> web.StreamResponse:
        call = request[CALL]
        name = str(call.fields.get("model", "") if self._v1 else request.match_info["deployment"])
        model = self._deployments.get(name)
        if model is None:
            return await send(request, NO_DEPLOYMENT)
        if not self._v1 and call.fields.get("model", model) not in MODELS:
            return await send(request, invalid("model", f"The model '{call.fields['model']}' does not exist."))
        request[CALL] = replace(call, fields={**call.fields, "model": model})  # the log keeps what was sent
        if call.path.endswith("/edits"):
            return await self._edits(request)
        return await self._generations(request)
