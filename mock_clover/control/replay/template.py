"""A request of the journal to edit, to send or to copy: masked, and without credentials.

Where a card number was masked, it has a test card of the scenario.
"""

import re
from typing import Any, Literal
from urllib.parse import quote

from mock_clover.clover.common.cards import Card
from mock_clover.clover.tokens.records import Token
from mock_clover.control.replay.repeat import (
    IDEMPOTENCY_KEY,
    RepeatPlan,
    body_to_repeat,
    headers_to_repeat,
    is_masked,
    source_of,
    spent_source,
)
from mock_clover.core.codec import MalformedError, parse
from mock_clover.core.masking import redact
from mock_clover.core.record import Record, encode
from mock_clover.engine.overrides import OUTCOME_HEADER
from mock_clover.sandbox.credentials import fingerprint
from mock_clover.sandbox.exchange import Exchange, is_cut, parse_object
from mock_clover.sandbox.masking import (
    CUT_MARK,
    NOT_STORED,
    mask_text_or_json,
    normalized_name,
)
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.scenario.records_card import TestCard

DEFAULT_CARD = "4242424242424242"
"""Clover's approved test card."""
_CVV = "[cvv]"
_CARD = re.compile(r"\[card [.]{3}([0-9]{4})\]")
_NUMBER = "[number]"
_BODYLESS = ("GET", "HEAD")
_PATH_SAFE = "/:@!$&'()*+,;=~-._"
_FORCED = "header: "
_ENCRYPTED = frozenset({"encryptedpan", "transarmorkeyid"})
"""Members that go with an encrypted card number."""
Credential = Literal["access_token", "api_key"]
_CREDENTIALS: dict[bytes, Credential] = {b"authorization": "access_token", b"apikey": "api_key"}


class TestCardFields(Record, frozen=True, kw_only=True):
    """A test card of the scenario, as the body of a token request has it."""

    number: str
    exp_month: str
    exp_year: str
    cvv: str | None = None

    def fields(self) -> dict[str, str]:
        """Return the members of `card` in a token request."""
        return {
            name: value
            for name in self.__struct_fields__
            if (value := getattr(self, name)) is not None
        }


class RequestTemplate(Record, frozen=True, kw_only=True):
    """A request to edit and send, masked and without credentials."""

    method: str
    path: str
    """With the query."""
    headers: dict[str, str] = {}
    body: str = ""
    credential: Credential | None = None
    """What authenticates it."""
    needs_key: bool = False
    """Whether it had an idempotency key whose value is not known."""
    token: str | None = None
    """The card token in the body that pays once."""
    card: TestCardFields | None = None
    """A test card like the one of `token`."""
    spent: str | None = None
    """The member with a token that cannot be used again; a copy is sent in its place."""
    has_test_card: bool = False
    """Whether a test card is in the body, because a card number is not stored."""


def template_of(sandbox: Sandbox, exchange: Exchange, plan: RepeatPlan) -> RequestTemplate | None:
    """Return the request of an exchange, or None if too little of it is stored."""
    if plan.endpoint is None or is_cut(exchange):
        return None
    headers = headers_to_repeat(sandbox, plan.endpoint, exchange)
    credential = next((_CREDENTIALS[name] for name in _CREDENTIALS if name in headers), None)
    repeated = {
        name.decode(): value.decode()
        for name, value in headers.items()
        if name not in _CREDENTIALS and _is_kept(value)
    }
    if exchange.why.startswith(_FORCED):
        outcome = exchange.why.removeprefix(_FORCED).partition(":")[0].partition(" ")[0]
        repeated[OUTCOME_HEADER.decode()] = redact(outcome)
    has_key = IDEMPOTENCY_KEY in exchange.headers.names
    raw = body_to_repeat(exchange) if exchange.method not in _BODYLESS else b""
    spent, source = spent_source(sandbox, exchange, raw), source_of(sandbox, raw)
    token = source.token if source is not None and source.token.kind == "card" else None
    if token is not None and token.state == "multipay" and spent is None:
        token = None
    body = _shown_body(sandbox, exchange, raw)
    if plan.obstacle and (is_masked(body) or NOT_STORED in body):
        return None  # text that is not JSON: no test card fits in it
    return RequestTemplate(
        method=exchange.method,
        path=quote(redact(exchange.path), safe=_PATH_SAFE)
        + (f"?{redact(exchange.query)}" if exchange.query else ""),
        headers=repeated,
        body=body,
        credential=credential,
        needs_key=has_key and IDEMPOTENCY_KEY.decode() not in repeated,
        token=None if token is None else token.id,
        card=None if token is None else _test_card(sandbox, token.card),
        spent=None if spent is None else spent.member,
        has_test_card=is_masked(raw.decode()) and not is_masked(body),
    )


def _is_kept(value: bytes) -> bool:
    """Return whether a stored header value is complete, and nothing in it is masked."""
    text = value.decode("latin-1")
    is_plain = text.isascii() and text.isprintable()
    return is_plain and redact(text) == text and CUT_MARK not in text


def _shown_body(sandbox: Sandbox, exchange: Exchange, body: bytes) -> str:
    """Return a body, masked, with test cards in place of whole card numbers."""
    text = mask_text_or_json(body.decode())
    if not is_masked(text) and NOT_STORED not in text:
        return text
    try:
        created = _token_of(sandbox, exchange)
        return encode(_with_test_card(sandbox, parse(text.encode()), created)).decode()
    except MalformedError:
        return text


def _token_of(sandbox: Sandbox, exchange: Exchange) -> Token | None:
    """Return the token that a request created."""
    key = parse_object(exchange.reply).get("id")
    return sandbox.tokens.get(key) if isinstance(key, str) else None


def _with_test_card(sandbox: Sandbox, tree: Any, created: Token | None) -> Any:
    """Return JSON with a test card in place of masked values, without what is not stored."""
    if isinstance(tree, list):
        return [_with_test_card(sandbox, each, created) for each in tree]
    if isinstance(tree, str):
        return _test_value(sandbox, tree, created)
    if not isinstance(tree, dict):
        return tree
    names = {normalized_name(name) for name in tree}
    shown = {
        name: _with_test_card(sandbox, each, created)
        for name, each in tree.items()
        if each != NOT_STORED and normalized_name(name) not in _ENCRYPTED
    }
    if "encryptedpan" in names and created is not None:
        shown["number"] = _number_like(sandbox, created.card)
    elif "encryptedpan" in names:
        shown["number"] = DEFAULT_CARD
    if shown.get("cvv") == _CVV:
        shown["cvv"] = _cvv_of(str(shown.get("number", "")))
    return shown


def _cvv_of(number: str) -> str:
    return "1234" if number.startswith(("34", "37")) else "123"


def _test_card(sandbox: Sandbox, card: Card) -> TestCardFields:
    number = _number_like(sandbox, card)
    return TestCardFields(
        number=number,
        exp_month=card.exp_month,
        exp_year=card.exp_year,
        cvv=_cvv_of(number) if card.has_cvv else None,
    )


def _test_value(sandbox: Sandbox, text: str, created: Token | None) -> str:
    found = _CARD.fullmatch(text)
    if found is None and text != _NUMBER:
        return text
    if created is not None:
        return _number_like(sandbox, created.card)
    last4 = found[1] if found is not None else ""
    numbers = [card.number for card in _test_cards(sandbox)]
    return next((each for each in numbers if last4 and each.endswith(last4)), DEFAULT_CARD)


def _test_cards(sandbox: Sandbox) -> list[TestCard]:
    """Return the scenario's cards; a restored snapshot has hashes in place of their numbers."""
    return [card for card in sandbox.rules.scenario.cards if card.number.isdigit()]


def _number_like(sandbox: Sandbox, card: Card) -> str:
    """Return the scenario's number of a card; else an approved one of its brand."""
    cards = _test_cards(sandbox)
    for each in cards:
        if fingerprint(sandbox.fingerprint_key, each.number) == card.fingerprint:
            return each.number
    alike = (each.number for each in cards if each.outcome == "approve")
    return next((each for each in alike if each.startswith(card.first6[:1] or "-")), DEFAULT_CARD)
