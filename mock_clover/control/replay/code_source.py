"""The source of generated code: a request, and the secrets that the code reads from variables."""

from typing import NamedTuple

from mock_clover.control.replay.template import RequestTemplate
from mock_clover.sandbox.credentials import Credentials

KEY_HEADER = "idempotency-key"
_VARIABLES = (
    ("CLOVER_CLIENT_SECRET", "client_secret"),
    ("CLOVER_ACCESS_TOKEN", "access_token"),
    ("CLOVER_API_KEY", "api_key"),
)
"""Environment variables for the credentials, as set by `eval "$(mock-clover env)"`."""


class CodeSource(NamedTuple):
    """A request of the journal, and what its code needs to know."""

    template: RequestTemplate
    base_url: str
    """That of its sandbox."""
    credentials: Credentials
    operation: str
    status: int | None
    why: str
    scenario: str = ""


class TextPart(NamedTuple):
    """A piece of a text: a secret of the sandbox, by its variable, or anything else."""

    text: str
    variable: str = ""
    member: str = ""


def split_secrets(source: CodeSource, text: str) -> list[TextPart]:
    """Return the pieces of a text that are not empty."""
    parts = [TextPart(text=text)]
    for variable, member in _VARIABLES:
        secret = getattr(source.credentials, member)
        parts = [
            piece
            for part in parts
            for piece in ([part] if part.variable else _split(part.text, secret, variable, member))
        ]
    return parts


def _split(text: str, secret: str, variable: str, member: str) -> list[TextPart]:
    first, *rest = text.split(secret)
    found = [TextPart(text=first)]
    for each in rest:
        found += [TextPart(text=secret, variable=variable, member=member), TextPart(text=each)]
    return [part for part in found if part.text]


def credential_headers(source: CodeSource) -> dict[str, str]:
    """Return the header that authenticates a request."""
    credentials = source.credentials
    if source.template.credential == "access_token":
        return {"authorization": f"Bearer {credentials.access_token}"}
    return {"apikey": credentials.api_key} if source.template.credential == "api_key" else {}
