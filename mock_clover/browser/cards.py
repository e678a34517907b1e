"""The test cards of a scenario, for the dashboard, and the browser SDK's card bar and wallet sheet.

The numbers are published test numbers or a scenario's own. No other origin can read the response.
Cards that are stored only as a fingerprint, for example after a snapshot was restored, are omitted.
"""

from typing import Literal

from mock_clover.clover.common.cards import Brand, brand_of
from mock_clover.clover.threeds.records import CardFlow, ThreeDSFlow
from mock_clover.control.endpoint import MOCK_ONLY
from mock_clover.core.record import Record
from mock_clover.engine.endpoint import NO_AUTH, UNJOURNALED, Call, Endpoint
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.scenario.records_card import TestCard

CARDS_MAX = 100
"""The maximum number of cards in the bar."""


class PickerCard(Record, frozen=True, kw_only=True):
    """A card in the picker."""

    number: str
    brand: Brand | Literal[""]
    group: Literal["approve", "decline", "threeds"]
    needs: str
    """The 3-D Secure flow, and the amount for which the card has it."""
    about: str
    """What it does, in words, and the note."""
    message: str = ""
    """The message of a decline."""
    flow: ThreeDSFlow | Literal[""] = ""
    amount: int | None = None
    """The only amount with the 3-D Secure flow, in minor units."""
    note: str = ""


class PickerCards(Record, frozen=True, kw_only=True):
    """The cards in the picker, and the current year; the picker offers later expiry years."""

    cards: tuple[PickerCard, ...]
    year: int


def list_cards(sandbox: Sandbox, _call: Call[None, None]) -> PickerCards:
    """Return the cards of the scenario."""
    listed = sandbox.rules.scenario.cards
    numbered = [card for card in listed if card.number.isdigit()][:CARDS_MAX]
    return PickerCards(
        cards=tuple(map(_picker_card, numbered)), year=sandbox.clock.year_and_month()[0]
    )


def _picker_card(card: TestCard) -> PickerCard:
    notes = [card.note or ""]
    if card.outcome == "decline":
        notes = [card.message, *notes]
    if card.threeds is not None:
        notes = [f"3-D Secure: {card.threeds.label}", *notes]
    return PickerCard(
        number=card.number,
        brand=brand_of(card.number) or card.brand or "",
        group="threeds" if card.threeds is not None else card.outcome,
        needs=_flow(card.threeds) if card.threeds is not None else "",
        about="; ".join(filter(None, notes)),
        message=card.message if card.outcome == "decline" else "",
        flow="" if card.threeds is None else card.threeds.flow,
        amount=None if card.threeds is None else card.threeds.amount,
        note=card.note or "",
    )


def _flow(threeds: CardFlow) -> str:
    """Return the flow of a card, and the amount for which it has it."""
    flow = threeds.flow.replace("_", " + ")
    amount = threeds.amount
    return flow if amount is None else f"{flow} at ${amount // 100:,}.{amount % 100:02d}"


ENDPOINT = Endpoint(
    name="asset:sdk/cards",
    method="GET",
    path="/sdk/cards",
    run=list_cards,
    response=PickerCards,
    evidence=MOCK_ONLY,
    auth=NO_AUTH,
    surface=UNJOURNALED,
)
