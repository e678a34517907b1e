"""Put a sandbox into a capsule: its first state, and the steps since, masked.

Cards get numbers instead of fingerprints, so that no card number can be found by brute force: a
fingerprint is a keyed hash, but its key derives from the seed, which a capsule has.
"""

from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

import msgspec
from msgspec.structs import replace

from mock_clover import __version__
from mock_clover.clover.checkout.records import PAY_CHECKOUT
from mock_clover.clover.common.cards import Card
from mock_clover.clover.common.problems import CONTROL_INVALID, INVALID_JSON
from mock_clover.clover.tokens.records import Token
from mock_clover.clover.webhooks.records import TargetSpec
from mock_clover.control.capsule.masking import (
    CardNumbers,
    masked_card,
    without_foreign_secrets,
)
from mock_clover.control.capsule.records import (
    CAPSULE_BYTES_MAX,
    CAPSULE_VERSION,
    CapsuleCall,
    CapsuleClock,
    CapsuleExchange,
    CapsuleHead,
    CapsuleReply,
    CapsuleScenario,
    CapsuleStep,
)
from mock_clover.control.replay.repeat import body_to_repeat, is_masked
from mock_clover.control.snapshot.endpoints import encode_snapshot
from mock_clover.control.snapshot.state import without_pans
from mock_clover.core.masking import redact, redact_json
from mock_clover.core.record import decode_json, encode
from mock_clover.core.steps import Steps
from mock_clover.engine.endpoint import EncodedJson
from mock_clover.sandbox.clock import ManualClock
from mock_clover.sandbox.exchange import Exchange, is_cut, parse_object
from mock_clover.sandbox.history import KeptCall, ScenarioChange
from mock_clover.sandbox.masking import mask_text_or_json
from mock_clover.sandbox.rules import Rules
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.scenario.records import Scenario

NOT_KEPT = "not-kept"
"""Stands for the secret of a webhook target."""
TOKENIZE = "create_token"
CARD_OPERATIONS = (TOKENIZE, PAY_CHECKOUT)
"""Operations whose request has a card."""
_STATE_BYTES_MAX = CAPSULE_BYTES_MAX // 2
_HEAD_BYTES_MAX = 65_536
_GET_KEYS = "get_keys"
_CHUNK_BYTES = 65_536


def first_state(sandbox: Sandbox) -> Sandbox:
    """Return a copy of a sandbox as it was before the first step of its history."""
    history = sandbox.history
    if history.origin is not None:
        return _without_secrets(history.origin)
    first = Sandbox(
        sandbox.name,
        sandbox.credentials,
        history.rules or sandbox.rules,
        history.settings or sandbox.settings,
        sandbox.keys,
        seed=sandbox.seed,
        fingerprint_key=sandbox.fingerprint_key,
        hooks=sandbox.hooks,
        clock=ManualClock(sandbox.created_ms),
    )
    for rows in history.fixtures:
        first.merge(rows)
    return _without_secrets(first)


def _without_secrets(sandbox: Sandbox) -> Sandbox:
    """Return a copy without the secrets and the paths of webhook targets."""
    copy = sandbox.fork(sandbox.name, sandbox.credentials)
    copy.rules = Rules(_scenario_without_secrets(copy.rules.scenario), copy.fingerprint_key)
    if copy.outbox is not None:
        for key, target in copy.outbox.targets.items():
            spec = _target_without_secret(target.spec)
            copy.outbox.targets[key] = replace(target, spec=spec, secret=NOT_KEPT)
    return copy


def _scenario_without_secrets(scenario: Scenario) -> Scenario:
    return replace(scenario, webhooks=tuple(map(_target_without_secret, scenario.webhooks)))


def _target_without_secret(spec: TargetSpec) -> TargetSpec:
    return replace(spec, url=_origin(spec.url), secret=None)


def _origin(url: str) -> str:
    """Return a URL without its path and query, which may be secret."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/"


def make_capsule(sandbox: Sandbox, seed: str) -> Steps[EncodedJson]:
    """Return the capsule of a sandbox as JSON. Raises CONTROL_INVALID if it is too large."""
    history, journal = sandbox.history, sandbox.journal
    exchanges = [each for each in journal.after(history.start) if each.number > history.start]
    calls, outbox = tuple(history.calls), sandbox.outbox
    deliveries = () if outbox is None else tuple(outbox)
    clock = CapsuleClock(
        started_ms=sandbox.created_ms, now_ms=sandbox.clock.now_ms(), frozen=sandbox.clock.frozen
    )
    first = first_state(sandbox)
    kept_from = exchanges[0].number if exchanges else journal.count + 1
    head = CapsuleHead(
        mock_clover_capsule=CAPSULE_VERSION,
        made_by=__version__,
        sandbox=sandbox.name,
        seed=seed,
        clock=clock,
        lost=kept_from - 1 - history.start,
        lost_calls=history.lost,
        others=sum(each.journal.count for each in sandbox.merchants),
        merchant_id=sandbox.credentials.merchant_id,
        client_id=sandbox.credentials.client_id,
    )
    state = (yield from encode_snapshot(first, _STATE_BYTES_MAX)).body
    cards = CardNumbers()
    parts = _Parts([encode(head)[:-1], b',"state":'])
    for start, end in _chunks(state):
        parts.add(cards.replace_in(state[start:end]))
        yield
    steps = (encode(_step(sandbox, each)) for each in _in_order(exchanges, calls))
    yield from parts.add_list(b"steps", map(cards.replace_in, steps))
    masked = (encode(replace(each, body=mask_text_or_json(each.body))) for each in deliveries)
    yield from parts.add_list(b"deliveries", map(cards.replace_in, masked))
    return EncodedJson(b"".join([*parts, b"}"]))


class _Parts(list[bytes]):
    """The parts of a capsule, which `replay` must be able to read."""

    size = 0

    def add(self, part: bytes) -> None:
        """Add a part. Raises CONTROL_INVALID if the capsule becomes too large."""
        self.append(part)
        self.size += len(part)
        if self.size > CAPSULE_BYTES_MAX - _HEAD_BYTES_MAX:
            raise CONTROL_INVALID.error(
                detail=f"the capsule is larger than {CAPSULE_BYTES_MAX / 2**20:g} MiB, so it could "
                "not be replayed; use a sandbox with fewer rows and requests"
            )

    def add_list(self, name: bytes, values: Iterable[bytes]) -> Steps[None]:
        """Add a member with a list of values, one value a step. Raises CONTROL_INVALID."""
        self.append(b',"%b":[' % name)
        for index, value in enumerate(values):
            self.add(b"," + value if index else value)
            yield
        self.append(b"]")


def _chunks(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield the ends of the parts of JSON that are replaced in one step; each ends with a quote."""
    start = 0
    while start < len(data):
        end = data.find(b'"', start + _CHUNK_BYTES) + 1 or len(data)
        yield start, end
        start = end


def _in_order(
    exchanges: list[Exchange], calls: tuple[KeptCall | ScenarioChange, ...]
) -> Iterator[Exchange | KeptCall | ScenarioChange]:
    """Yield exchanges and control requests in their original order."""
    next_call = 0
    for exchange in exchanges:
        while next_call < len(calls) and calls[next_call].after < exchange.number:
            yield calls[next_call]
            next_call += 1
        yield exchange
    yield from calls[next_call:]


def _step(sandbox: Sandbox, each: Exchange | KeptCall | ScenarioChange) -> CapsuleStep:
    if isinstance(each, ScenarioChange):
        scenario = _scenario_without_secrets(
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
