"""The credentials that a request presents: they select its sandbox, and may create it."""

import re
from collections.abc import Iterable
from urllib.parse import unquote

from mock_clover.sandbox.credentials import Credentials

_CLIENT = re.compile(rb'(?:client_id|app_uuid)"?\s*[=:]\s*"?([^&"\s]{1,200})')
_CLIENT_WITHIN_BYTES = 8_192
"""Length of the prefix of query and body that is searched for the app of an OAuth request."""
_TOKEN_IN_QUERY = re.compile(rb"(?:^|&)access_token=([^&]{1,200})")


def presented_credential(headers: dict[bytes, bytes]) -> str:
    """Return the credential in the headers of a request, or ''."""
    return last_word(headers.get(b"apikey") or headers.get(b"authorization", b""))


def presented_client_id(query: bytes, body: bytes | None) -> str:
    """Return the id of the app that the query or the body of a request names, or ''."""
    parameters = b"%b&%b" % (query[:_CLIENT_WITHIN_BYTES], (body or b"")[:_CLIENT_WITHIN_BYTES])
    match = _CLIENT.search(parameters)
    return unquote(match[1].decode("latin-1")) if match else ""


def presents_any_of(
    credentials: Iterable[Credentials],
    headers: dict[bytes, bytes],
    query: bytes,
    body: bytes | None,
) -> bool:
    """Return whether a request presents an access token, an API key or a client id of these.

    A merchant id is not enough: URLs contain it.
    """
    token = _TOKEN_IN_QUERY.search(query)
    presented = {
        last_word(headers.get(b"apikey", b"")),
        last_word(headers.get(b"authorization", b"")),
        unquote(token[1].decode("latin-1")) if token else "",
        presented_client_id(query, body),
    }
    return any(
        not presented.isdisjoint((each.access_token, each.api_key, each.client_id))
        for each in credentials
    )


def last_word(header: bytes) -> str:
    """Return the credential in the value of a header."""
    return header.rstrip().rpartition(b" ")[2].decode("latin-1")
