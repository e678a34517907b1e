"""The cards in force in a sandbox, for frames in which a developer chooses one.

Their numbers are published test numbers, or a scenario's own. No other origin may read the answer;
a number that is kept as a fingerprint only, as after a snapshot, is not among them.
"""

from typing import Literal

from mock_clover.clover.common.cards import Brand, brand_of
from mock_clover.control.endpoint import OURS
from mock_clover.core.record import Record
from mock_clover.engine.endpoint import Call, Endpoint
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.scenario.records import TestCard

CARDS_MAX = 100
"""So many buttons a strip may hold."""


class CardShown(Record, frozen=True, kw_only=True):
    """A card to choose."""

    number: str
    brand: Brand | Literal[""]
    group: Literal["approve", "decline", "threeds"]
    about: str


class CardsShown(Record, frozen=True, kw_only=True):
    """All of them, and the year by the sandbox's clock, after which each must expire."""

    cards: tuple[CardShown, ...]
    year: int


def list_cards(sandbox: Sandbox, _call: Call[None, None]) -> CardsShown:
    """Return the cards that the scenario lists."""
    listed = sandbox.rules.scenario.cards
    plain = [card for card in listed if card.number.isdigit()][:CARDS_MAX]
    return CardsShown(cards=tuple(map(_shown, plain)), year=sandbox.clock.month()[0])


def _shown(card: TestCard) -> CardShown:
    said = [card.note or ""]
    if card.outcome == "decline":
        said = [card.message, *said]
    if card.threeds is not None:
        said = [f"3-D Secure: {card.threeds.label}", *said]
    return CardShown(
        number=card.number,
        brand=brand_of(card.number) or card.brand or "",
        group="threeds" if card.threeds is not None else card.outcome,
        about="; ".join(filter(None, said)),
    )


ENDPOINT = Endpoint(
    name="asset:sdk/cards",
    method="GET",
    path="/sdk/cards",
    run=list_cards,
    response=CardsShown,
    fact=OURS,
    auth="none",
    unjournaled=True,
)
