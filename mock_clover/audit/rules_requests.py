"""Rules about what a request contains: headers, card data, amounts and names of members."""

import re
from difflib import SequenceMatcher
from functools import partial

from mock_clover.audit.context import AuditContext, header, line_of
from mock_clover.audit.rule import AuditRule, Hits, RuleHit, grouped
from mock_clover.clover.common.cards import brand_of
from mock_clover.clover.surface import SURFACE
from mock_clover.core.codec import fractional_amounts
from mock_clover.core.masking import passes_luhn
from mock_clover.core.record import encode
from mock_clover.sandbox.exchange import Exchange, parse_object
from mock_clover.sandbox.masking import mask_codes

_DIGIT_RUN = re.compile(r"(?<![0-9])[0-9](?:[ -]?[0-9]){12,18}(?![0-9])")
_MASKED_CARD = re.compile(r"(?<![0-9])\[card [.]{3}[0-9]{4}\](?![0-9])|\[cvv\]")
_NOT_WHOLE = "is not a whole number of cents"
_SEPARATORS = str.maketrans("", "", " -_")
_LIKENESS_MIN = 0.8
_SUGGESTION = " (did you mean "


def _without_header(context: AuditContext, name: bytes) -> Hits:
    required = {each.name for each in SURFACE if each.requires_client_headers}
    missing = (each for each in context.of(*required) if not header(each, name))
    yield from grouped(missing, lambda each: each.endpoint, f"without {name.decode()}")


def _has_card_data(exchange: Exchange) -> bool:
    """Return whether the body, the query or the path of a request has card data.

    The journal masks generously; here only a whole number with a valid check digit counts.
    """
    body = encode(exchange.request).decode() if exchange.request is not None else ""
    texts = (body, exchange.body.decode("utf-8", "replace"), exchange.query, exchange.path)
    return any(_shows_card_data(text) for text in texts if text)


def _shows_card_data(text: str) -> bool:
    if _MASKED_CARD.search(mask_codes(text)):
        return True
    numbers = (found.group().translate(_SEPARATORS) for found in _DIGIT_RUN.finditer(text))
    return any(brand_of(number) and passes_luhn(number) for number in numbers)


def _card_data_elsewhere(context: AuditContext) -> Hits:
    with_cards = {each.name for each in SURFACE if each.has_card_data}
    found: list[Exchange] = []
    for each in context.exchanges:
        yield None
        if each.endpoint and each.endpoint not in with_cards and _has_card_data(each):
            found.append(each)
    yield from grouped(found, lambda each: each.endpoint, "with a card number or a CVV")


def _masked_fractions(exchange: Exchange) -> list[str]:
    """Return the names of fractions whose digits look like a card number and are masked."""
    remarks = exchange.why.split("; ")[1:]
    masked = (each for each in remarks if "[card " in each and _NOT_WHOLE in each)
    return [f"{each.partition(':')[0]}: not a whole number of cents" for each in masked]


def _fractions(context: AuditContext) -> Hits:
    endpoints = {each.name: each for each in SURFACE}
    for exchange in context.exchanges:
        yield None
        endpoint = endpoints.get(exchange.endpoint)
        if endpoint is None or endpoint.request is None:
            continue
        texts = list(fractional_amounts(parse_object(exchange.body), endpoint.request))
        for text in texts or _masked_fractions(exchange):
            yield RuleHit(
                message=f"{exchange.endpoint} ({line_of(exchange)}): {text}",
                exchanges=(exchange,),
                subject=f"{exchange.endpoint} {text.partition(':')[0]}",
            )


def _is_misspelling(ignored: str) -> bool:
    """Return whether an ignored name is nearly equal to the suggested one.

    The suggestions of responses are generous: `items` suggests `intent`.
    """
    name, _, known = ignored.partition(_SUGGESTION)
    match = SequenceMatcher(None, _plain(name), _plain(known), autojunk=False)
    return bool(known) and match.ratio() >= _LIKENESS_MIN


def _plain(name: str) -> str:
    """Return the last part of a path in lower case without separators."""
    return re.split(r"[ .]", name.rstrip("?)"))[-1].lower().translate(_SEPARATORS)


def _misspelt(context: AuditContext) -> Hits:
    found: dict[str, list[Exchange]] = {}
    for exchange in context.exchanges:
        yield None
        for text in exchange.ignored:
            if _is_misspelling(text):
                found.setdefault(f"{exchange.endpoint} {text}", []).append(exchange)
    for subject, exchanges in found.items():
        name, _, member = subject.partition(" ")
        yield RuleHit(
            message=f"{name}: {member} was ignored",
            exchanges=tuple(exchanges),
            subject=subject,
        )


RULES = (
    AuditRule(
        id="CLV009",
        name="card-data-outside-tokens",
        severity="error",
        wrong="A card number or a CVV was sent to another operation than POST /v1/tokens.",
        cost="The number is stored by systems that must not have it, and your application comes "
        "into the scope of PCI DSS.",
        fix="Send card data only to POST /v1/tokens, from the browser, and pass on the token.",
        legitimate="Numbers that are no card number by their check digit, such as order numbers.",
        source="PCI DSS 3.3.1; docs.clover.com, Ecommerce API tokenization",
        find=_card_data_elsewhere,
    ),
    AuditRule(
        id="CLV010",
        name="amount-with-a-fraction",
        severity="error",
        wrong='An amount was sent with a fraction, such as 18.5 or "18.00".',
        cost='Amounts are in cents: "18.00" is 18 cents, and 18.5 is rejected.',
        fix="Send the amount as an integer in minor units: 1800 for 18.00.",
        legitimate='An integer, also one in quotes ("1800").',
        source="REF createcharge: amount is a positive integer in cents",
        find=_fractions,
    ),
    AuditRule(
        id="CLV011",
        name="misspelt-member",
        severity="warning",
        wrong="A member, a query parameter or a header is not known and resembles one that is.",
        cost="Clover ignores it: a misspelt capture:false charges at once, a misspelt key does not "
        "protect.",
        fix="Correct the name; the message has the suggestion.",
        legitimate="Unknown members that resemble no known one, and members that Clover accepts "
        "without effect.",
        source="Clover ignores unknown members (observed)",
        find=_misspelt,
    ),
    AuditRule(
        id="CLV014",
        name="missing-forwarded-for",
        severity="warning",
        wrong="A charge, a capture or an order payment has no x-forwarded-for header.",
        cost="Clover documents that such requests are not successful, and fraud checks by address "
        "see only your server.",
        fix="Send the address of the customer's browser in x-forwarded-for.",
        legitimate="Other operations.",
        source="REF createcharge: x-forwarded-for is required",
        find=partial(_without_header, name=b"x-forwarded-for"),
    ),
    AuditRule(
        id="CLV015",
        name="missing-user-agent",
        severity="warning",
        wrong="A charge, a capture or an order payment has no User-Agent header.",
        cost="Clover documents the header as required.",
        fix="Send User-Agent: <application>/<version>.",
        legitimate="Any User-Agent, also that of a library.",
        source="REF createcharge: User-Agent is required",
        find=partial(_without_header, name=b"user-agent"),
    ),
)
