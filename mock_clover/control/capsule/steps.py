"""The steps of a capsule: exchanges, control requests and changes of the scenario, masked."""

from urllib.parse import urlsplit

import msgspec
from msgspec.structs import replace

from mock_clover.clover.checkout.records import PAY_CHECKOUT
from mock_clover.clover.common.cards import Card
from mock_clover.clover.common.problems import INVALID_JSON
from mock_clover.clover.tokens.records import Token
from mock_clover.clover.webhooks.records import TargetSpec
from mock_clover.control.capsule.masking import masked_card, without_foreign_secrets
from mock_clover.control.capsule.records import (
    CapsuleCall,
    CapsuleExchange,
    CapsuleReply,
    CapsuleScenario,
    CapsuleStep,
)
from mock_clover.control.replay.repeat import body_to_repeat, is_masked
from mock_clover.control.snapshot.state import without_pans
from mock_clover.core.masking import redact, redact_json
from mock_clover.core.record import decode_json, encode
from mock_clover.sandbox.exchange import Exchange, is_cut, parse_object
from mock_clover.sandbox.history import KeptCall, ScenarioChange
from mock_clover.sandbox.masking import mask_text_or_json
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.scenario.records import Scenario

TOKENIZE = "create_token"
CARD_OPERATIONS = (TOKENIZE, PAY_CHECKOUT)
"""Operations whose request has a card."""
_GET_KEYS = "get_keys"


def scenario_without_secrets(scenario: Scenario) -> Scenario:
    """Return a scenario without the secrets and the paths of webhook targets."""
    return replace(scenario, webhooks=tuple(map(target_without_secret, scenario.webhooks)))


def target_without_secret(spec: TargetSpec) -> TargetSpec:
    """Return a webhook target without its secret and its path."""
    return replace(spec, url=_origin(spec.url), secret=None)


def _origin(url: str) -> str:
    """Return a URL without its path and query, which may be secret."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/"


def make_step(sandbox: Sandbox, each: Exchange | KeptCall | ScenarioChange) -> CapsuleStep:
    """Return the step of an exchange, a control request or a change of the scenario."""
    if isinstance(each, ScenarioChange):
        scenario = scenario_without_secrets(
            without_pans(each.rules.scenario, sandbox.fingerprint_key)
        )
        text = encode(scenario)
        if redact(text.decode()) != text.decode():
            scenario = msgspec.convert(redact_json(decode_json(text)), Scenario)
        change = CapsuleScenario(scenario=scenario, settings=each.settings)
        return CapsuleStep(at_ms=each.at_ms, scenario=change)
    if isinstance(each, KeptCall):
        call = CapsuleCall(name=each.name, ids=each.ids, body=_call_body(each))
        return CapsuleStep(at_ms=each.at_ms, call=call)
    return CapsuleStep(at_ms=each.at_ms, exchange=_exchange(sandbox, each))


def _call_body(call: KeptCall) -> str:
    if call.name == "put_webhook":
        tree = decode_json(call.body)
        tree.pop("secret", None)
        return encode(tree | {"url": _origin(tree["url"])}).decode()
    return mask_text_or_json(call.body.decode())


def _exchange(sandbox: Sandbox, exchange: Exchange) -> CapsuleExchange:
    body = body_to_repeat(exchange).decode("utf-8", "replace")
    shown = mask_text_or_json(body)
    shown = without_foreign_secrets(sandbox, exchange, shown)
    token = _created_token(sandbox, exchange)
    return CapsuleExchange(
        number=exchange.number,
        endpoint=exchange.endpoint,
        method=redact(exchange.method),
        path=redact(exchange.path),
        query=redact(exchange.query),
        headers=_headers(exchange),
        body="" if exchange.endpoint == TOKENIZE else shown,
        token=token,
        card="" if token is None else _listed_card(sandbox, token.card),
        masked="" if token is not None else _why_masked(exchange, shown),
        reply=recorded_reply(exchange),
    )


def recorded_reply(exchange: Exchange) -> CapsuleReply:
    """Return the response of an exchange as a capsule has it."""
    return CapsuleReply(
        status=exchange.status,
        body=mask_text_or_json(exchange.reply.decode("utf-8", "replace")),
        why=redact(exchange.why),
        idempotency=exchange.idempotency,
        fault=exchange.fault,
        delay_ms=exchange.delay_ms,
        lost=exchange.lost,
    )


def _headers(exchange: Exchange) -> dict[str, str | None]:
    """Return the names of all headers, also of pseudo-headers, and the values that are kept."""
    pseudo = [name.decode() for name in exchange.headers.names if name[:1] == b":"]
    kept = exchange.kept_headers()
    values = {name: kept.get(name.encode(), b"").decode("latin-1") for name in pseudo}
    return exchange.shown_headers() | values


def _why_masked(exchange: Exchange, body: str) -> str:
    """Return why a request cannot be repeated as it was sent, or an empty text."""
    if exchange.endpoint in CARD_OPERATIONS:
        return "the card of a rejected request is not kept"
    if exchange.endpoint == _GET_KEYS:
        return "each server has its own public key"
    if exchange.request is None and exchange.why.startswith(INVALID_JSON.name) and body[:1] == "{":
        return "the body was not JSON, and its fields are kept instead"
    if is_cut(exchange):
        return "the request is too long to be kept"
    if is_masked(body) or is_masked(exchange.path):
        return "the request has a masked text"
    return "a secret of the query is not kept" if "[" in exchange.query else ""


def _created_token(sandbox: Sandbox, exchange: Exchange) -> Token | None:
    """Return the token that a request created, as it was then; None if it created none."""
    if exchange.endpoint not in CARD_OPERATIONS or not exchange.committed:
        return None
    token = _token_of(sandbox, exchange)
    if token is None:
        return None
    state = "multipay" if token.is_transarmor else "new"
    return replace(
        token,
        state=state,
        customer=None,
        card_id=None,
        is_declined=False,
        card=masked_card(token.card),
    )


def _token_of(sandbox: Sandbox, exchange: Exchange) -> Token | None:
    """Return the token that a response names, or that of the charge that it names."""
    reply = parse_object(exchange.reply)
    error = reply.get("error")
    named = error.get("charge") if isinstance(error, dict) else reply.get("id")
    if not isinstance(named, str):
        return None
    charge = sandbox.charges.get(named)
    return sandbox.tokens.get(named if charge is None else charge.request.source or "")


def _listed_card(sandbox: Sandbox, card: Card) -> str:
    """Return the label of the card in the scenario, or an empty text."""
    if not sandbox.rules.has_card(card.fingerprint):
        return ""
    return sandbox.rules.verdict(card).why
