"""The ledger of generated histories: what it says always agrees with the rows."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mock_clover.core.steps import finish
from mock_clover.ledger.build import build_ledger
from mock_clover.ledger.records import Ledger, LedgerEntry
from tests.in_process import DECLINED_CARD, VISA, InProcessServer

FAULTS = ("", "", "", "drop after_commit", "drop before_commit", "problem after_commit status=503")
AMOUNTS = st.integers(1, 3000)
DAYS = st.integers(1, 40)


def charged(server: InProcessServer, data: st.DataObject, headers: dict[str, str]) -> None:
    body = {
        "amount": data.draw(AMOUNTS),
        "currency": data.draw(st.sampled_from(["usd", "cad"])),
        "source": server.token(data.draw(st.sampled_from([VISA, VISA, DECLINED_CARD]))),
        "capture": data.draw(st.booleans()),
        "tip_amount": data.draw(st.sampled_from([None, None, 100])),
    }
    server.send("POST", "/v1/charges", body, headers=headers)


def ordered(server: InProcessServer, data: st.DataObject, headers: dict[str, str]) -> None:
    order = server.order(*data.draw(st.lists(AMOUNTS, min_size=1, max_size=2)))["id"]
    pay = {"source": server.token()}
    server.send("POST", f"/v1/orders/{order}/pay", pay, headers=headers)
    if data.draw(st.booleans()):
        server.send("POST", f"/v1/orders/{order}/returns", {})


def changed(server: InProcessServer, data: st.DataObject, headers: dict[str, str]) -> None:
    charges = [charge.id for charge in server.sandbox.charges]
    if not charges:
        return
    charge, amount = data.draw(st.sampled_from(charges)), data.draw(st.none() | AMOUNTS)
    body: dict[str, Any] = {} if amount is None else {"amount": amount}
    calls = [
        ("POST", f"/v1/charges/{charge}/capture", body),
        ("POST", f"/v1/charges/{charge}/capture", body | {"split_shipment": "1/2"}),
        ("PUT", f"/v1/charges/{charge}", body),
        ("POST", "/v1/refunds", body | {"charge": charge}),
        ("GET", f"/v1/charges/{charge}", None),
    ]
    server.send(*data.draw(st.sampled_from(calls)), headers=headers)


def waited(server: InProcessServer, data: st.DataObject, _: dict[str, str]) -> None:
    server.clock.advance(data.draw(DAYS) * 86_400_000)
    server.send("GET", "/v1/charges")


STEPS = (charged, charged, ordered, changed, changed, changed, waited)


def balance(entries: list[LedgerEntry], account: str) -> int:
    debits = sum(each.amount for each in entries if each.debit == account)
    return debits - sum(each.amount for each in entries if each.credit == account)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_the_ledger_agrees_with_the_rows(data: st.DataObject) -> None:
    rate = data.draw(st.sampled_from([None, 35_000]))
    server = InProcessServer(surcharge_rate=rate)
    for step in data.draw(st.lists(st.sampled_from(STEPS), min_size=1, max_size=12)):
        fault = data.draw(st.sampled_from(FAULTS))
        step(server, data, {"x-mock-clover-fault": fault} if fault else {})
        check(server, finish(build_ledger(server.sandbox)))


def check(server: InProcessServer, ledger: Ledger) -> None:
    rows = {charge.id: charge for charge in server.sandbox.charges}
    assert [each.id for each in ledger.payments] == list(rows)
    refunds = list(server.sandbox.refunds)
    most = 100 + server.sandbox.settings.over_capture_percent
    for payment in ledger.payments:
        row, sums, entries = rows[payment.id], payment.sums, list(payment.entries)
        accounts = {name: balance(entries, name) for name in ("customer", "held", "merchant")}
        assert sum(accounts.values()) == 0  # debits equal credits
        assert accounts["held"] == sums.held == row.amount_capturable
        assert accounts["merchant"] == sums.outstanding >= 0
        tip = row.request.tip_amount or 0 if row.state == "captured" else 0
        assert sums.captured == row.amount_captured + tip
        assert sums.captured - tip <= sums.authorized * most // 100
        assert sums.refunded == (row.amount_refunded if row.state == "captured" else 0)
        assert 0 <= sums.refunded <= sums.captured
        assert sums.surcharges >= 0
        assert all(each.amount > 0 for each in entries)
        assert [each.at_ms for each in entries] == sorted(each.at_ms for each in entries)
        own = {each.id for each in refunds if each.charge == payment.id}
        assert {each.refund for each in entries if each.refund} == own
        assert payment.created_by is not None
        assert (payment.told == "declined") == (row.decline is not None) or payment.told in (
            "nothing",
            "failed",
        )
    for name in ("authorized", "captured", "refunded", "held", "released", "outstanding"):
        total = sum(getattr(each.sums, name) for each in ledger.payments)
        assert sum(getattr(each, name) for each in ledger.totals) == total
        by_customer = [each for customer in ledger.customers for each in customer.totals]
        assert sum(getattr(each, name) for each in by_customer) == total
