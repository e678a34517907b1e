"""The requests of a repeated run: their headers, and tokens whose card number is not known."""

from msgspec.structs import replace

from mock_clover.clover.common.problems import UNAUTHORIZED
from mock_clover.clover.tokens.operations import apply_token_rules
from mock_clover.clover.tokens.records import (
    GiftCardLast4,
    Token,
    TokenRequest,
    TokenResponse,
    token_response,
)
from mock_clover.control.capsule.records import CapsuleExchange
from mock_clover.core.codec import Codec
from mock_clover.engine.endpoint import Call, Endpoint
from mock_clover.sandbox.sandbox import Sandbox

INVALID_CREDENTIAL = b"not-a-credential-of-this-sandbox"
_TOKENS = Codec(TokenResponse)


def headers_of(recorded: CapsuleExchange, sandbox: Sandbox) -> dict[bytes, bytes]:
    """Return the headers of a request, with the sandbox's own credentials."""
    headers = {
        name.encode("latin-1", "replace"): (value or "").encode("latin-1", "replace")
        for name, value in recorded.headers.items()
    }
    is_known = not recorded.reply.why.startswith(UNAUTHORIZED.name)
    if b"authorization" in headers:
        headers[b"authorization"] = (
            sandbox.bearer_header if is_known else b"Bearer " + INVALID_CREDENTIAL
        )
    if b"apikey" in headers:
        api_key = sandbox.credentials.api_key.encode()
        headers[b"apikey"] = api_key if is_known else INVALID_CREDENTIAL
    return headers | _matched_headers(recorded, sandbox)


def _matched_headers(recorded: CapsuleExchange, sandbox: Sandbox) -> dict[bytes, bytes]:
    """Return the headers that a rule of the scenario matched; their values are not kept."""
    rules = sandbox.rules
    return {
        name.lower().encode(): value.encode()
        for index, rule in enumerate(rules.scenario.rules)
        for name, value in (rule.when.header or {}).items()
        if name.lower() in recorded.headers and rules.name_of(index) in recorded.reply.why
    }


def with_token(endpoint: Endpoint, token: Token, reply: str) -> Endpoint:
    """Return `create_token` that stores this token instead of reading a card.

    Of a bank account, only the recorded response has the routing number's last digits.
    """

    def create(sandbox: Sandbox, call: Call[TokenRequest, None]) -> TokenResponse:
        apply_token_rules(sandbox, call, token.card)
        sandbox.tokens.check_capacity()
        sandbox.ids.token_id()  # the next id is that of the run
        sandbox.tokens.put(token.id, token)
        if token.kind == "gift_card":
            last4 = GiftCardLast4(last4=token.card.last4)
            return TokenResponse(id=token.id, object="token", giftCard=last4)
        return token_response(token) if token.kind == "card" else _TOKENS.decode(reply.encode())

    return replace(endpoint, run=create)
