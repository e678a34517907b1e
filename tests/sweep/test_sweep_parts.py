"""The parts of a sweep that start no process: plan, selection, money, verdict, report."""

from typing import Any

import pytest

from mock_clover.sweep.calls import (
    differences_between,
    merge_equivalent,
    recorded_calls,
    recorded_webhooks,
)
from mock_clover.sweep.goods import GoodsCheck, compare_goods
from mock_clover.sweep.money import Money, MoneyCheck, Position, compare_money, read_money
from mock_clover.sweep.plan import plan_cells, unmatched_selections
from mock_clover.sweep.records import Options
from mock_clover.sweep.runner import shown_output
from mock_clover.sweep.selection import SelectionError, parse_selection
from mock_clover.sweep.verdict import End, judge
from mock_clover.testing.command import CommandResult
from tests.canary import CVV, PAN, find_leaks

TIMES = ("before", "after")
OPERATIONS = ("create_token", "create_charge", "get_charge")


def exchange(operation: str, status: int | None = 200, **changes: Any) -> dict[str, Any]:
    method = "GET" if operation.startswith("get") else "POST"
    is_paid = operation == "create_charge" and status == 200
    values = {"endpoint": operation, "method": method, "status": status, "committed": is_paid}
    return values | {"headers": {"accept": "*/*"}, "request": {"amount": 1}} | changes


RUN = [
    exchange("create_token"),
    exchange("create_charge", 401),
    exchange("create_charge", request={"amount": 1, "source": "a"}),
    exchange("create_token"),
    exchange("create_charge", 400, request={"amount": 2, "source": "b"}),
    exchange("create_charge", request={"amount": 2, "source": "b"}),
    exchange("journal"),
    exchange("get_charge"),
]


def test_calls_have_ordinals_and_payments_a_number() -> None:
    calls = recorded_calls(RUN, OPERATIONS)
    assert [(call.name, call.payment) for call in calls] == [
        ("create_token#1", 0),
        ("create_charge#1", 1),
        ("create_token#2", 0),
        ("create_charge#2", 0),
        ("create_charge#3", 2),
        ("get_charge#1", 0),
    ]
    merged = {call.name: names for call, names in merge_equivalent(calls)}
    assert merged == {
        "create_token#1": ("create_token#2",),
        **{f"create_charge#{number}": () for number in (1, 2, 3)},
        "get_charge#1": (),
    }


def test_only_the_end_of_an_authentication_asks_the_issuer() -> None:
    run = [
        exchange("finalize_payment", committed=True, reply={"status": status})
        for status in ("pending", "succeeded")
    ]
    calls = recorded_calls(run, ("finalize_payment",))
    assert [call.payment for call in calls] == [0, 2]


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        (RUN, []),
        (RUN[2:], ["call 1 was create_token#1 in the first run and create_charge#1 in the second"]),
        (
            RUN[:-1],
            [
                "the first run made 6 calls and the second 5: get_charge#1 came in the first run "
                "only"
            ],
        ),
        (
            [*RUN[:-1], exchange("get_charge", 404)],
            ["get_charge#1 has other headers, members or another result in the second run"],
        ),
    ],
)
def test_calls_that_differ_from_run_to_run_are_named(
    second: list[dict[str, Any]], expected: list[str]
) -> None:
    runs = (recorded_calls(run, OPERATIONS) for run in (RUN, second))
    assert differences_between(*runs) == expected


READS = [
    *("drop:after_commit", "hang:after_commit", "truncate:after_commit", "429:before_commit"),
    *("500:before_commit", "503:before_commit"),
]


@pytest.mark.parametrize(
    ("only", "all_calls", "expected"),
    [
        ("create_charge#3:decline", False, ["create_charge#3:decline"]),
        ("create_token:drop", False, [f"create_token#1:drop:{when}_commit" for when in TIMES]),
        ("create_charge:decline", False, ["create_charge#1:decline", "create_charge#3:decline"]),
        (
            "create_token:503",
            True,
            [f"create_token#{number}:503:before_commit" for number in (1, 2)],
        ),
        ("get_charge:*", False, [f"get_charge#1:{fault}" for fault in READS]),
        ("create_token#2:500", False, [f"create_token#2:500:{when}_commit" for when in TIMES]),
    ],
)
def test_only_selects_cells(only: str, all_calls: bool, expected: list[str]) -> None:
    options = Options(command=("x",), only=(parse_selection(only),), all_calls=all_calls)
    plans = plan_cells(recorded_calls(RUN, OPERATIONS), options)
    assert [plan.name for plan in plans] == expected


def test_a_selection_without_a_cell_is_explained() -> None:
    calls = recorded_calls(RUN, OPERATIONS)
    only = tuple(map(parse_selection, ("create_chrge#1:drop", "get_charge#1:decline", "*:429")))
    names = ", ".join(call.name for call in calls)
    assert unmatched_selections(calls, Options(command=("x",), only=only)) == [
        f"--only create_chrge#1:drop selects no cell; the calls of the command are {names}",
        "--only get_charge#1:decline selects no cell; "
        f"the faults of get_charge#1 are {', '.join(READS)}",
    ]


def test_calls_that_ask_the_issuer_are_declined() -> None:
    card, operations = {"source": "clv_1"}, ("create_customer", "update_customer")
    run = [
        exchange(operation, committed=status == 200, status=status, request=request)
        for operation in operations
        for status, request in ((400, card), (200, {"email": "a"}), (200, card))
    ]
    run += [exchange("finalize_payment", committed=True), exchange("capture_charge")]
    names = {each["endpoint"] for each in run}
    options = Options(command=("x",), only=(parse_selection("*:decline"),))
    plans = plan_cells(recorded_calls(run, names), options)
    assert [(plan.name, plan.call.payment) for plan in plans] == [
        *((f"{operation}#3:decline", 2) for operation in operations),
        ("finalize_payment#1:decline", 1),
    ]


def test_webhooks_of_an_event_are_merged() -> None:
    sent = [
        *({"event": "P:CREATE", "target": "a", "about": "charge"},) * 3,
        {"event": "P:UPDATE", "target": "a", "about": "refund"},
        {"target": "b", "about": "verification"},
        {"target": "b", "about": "checkout"},
    ]
    created = [f"webhook_p_create#{number}" for number in (1, 2, 3)]
    last = ["webhook_p_update#1:duplicate", "webhook_checkout#1:duplicate"]
    for all_calls, names in ((False, created[:1]), (True, created)):
        options = Options(command=("x",), all_calls=all_calls)
        plans = plan_cells(recorded_webhooks(sent), options)
        faults = [f"{name}:{fault}" for name in names for fault in ("duplicate", "reorder")]
        assert [plan.name for plan in plans] == [*faults, *last]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("create_charge", "expected CALL:FAULT, for example create_charge#1:drop:after_commit"),
        ("#1:drop", "expected CALL:FAULT"),
        ("create_charge#0:drop", "expected CALL:FAULT"),
        ("create_charge#1:dorp", "there is no fault 'dorp'; did you mean `drop`?"),
        ("create_charge#1:drop:after_comit", "did you mean"),
    ],
)
def test_an_invalid_selection_is_rejected(text: str, message: str) -> None:
    with pytest.raises(SelectionError, match=message):
        parse_selection(text)


# Money ----------------------------------------------------------------------------------------


def position(
    captured: int = 0, *refunds: int, held: int = 0, told: bool = True, order: str | None = None
) -> Position:
    return Position(
        charge="C",
        payer="card 424242...4242",
        currency="USD",
        captured=captured,
        refunds=refunds,
        held=held,
        told=told,
        order=order,
    )


PAID, UNTOLD = position(1800), position(1800, told=False)
HELD, RELEASED = position(held=1800), position(1800, 1800)
PARTLY = position(1800, 500)


@pytest.mark.parametrize(
    ("run", "reference", "same", "safe"),
    [
        ([PAID], [PAID], True, True),
        ([UNTOLD], [PAID], True, False),
        ([PAID, PAID], [PAID], False, False),
        ([], [PAID], False, True),
        ([RELEASED], [PAID], False, True),
        ([PAID, RELEASED], [PAID], True, True),
        ([HELD], [PAID], False, False),
        ([HELD], [HELD], True, True),
        ([position(held=1800, told=False)], [HELD], True, False),
        ([PARTLY], [PARTLY], True, True),
        ([PAID], [PARTLY], False, True),
        ([position(1800, 500, 500)], [PARTLY], False, False),
        ([position(1800, 900, 900)], [position(1800, 900)], False, False),
        ([RELEASED], [PARTLY], False, True),
        ([position(1700)], [PAID], False, False),
    ],
)
def test_money_is_compared_with_the_run_without_faults(
    run: list[Position], reference: list[Position], same: bool, safe: bool
) -> None:
    check = compare_money(Money(positions=tuple(run)), Money(positions=tuple(reference)))
    assert (check.same, check.safe) == (same, safe), check


@pytest.mark.parametrize(
    ("run", "reference", "in_part"),
    [
        ("a1000 a800", "a1000 a800", ()),
        ("b1000", "a1000 a800", ("the order b has 1 payment, without the fault 2",)),
        ("a1000", "a1000 a800 b1000", ()),
        ("a1000", "a1000 b800", ()),
        ("", "a1000 a800", ()),
    ],
)
def test_an_order_that_is_paid_in_part_is_named(
    run: str, reference: str, in_part: tuple[str, ...]
) -> None:
    """`run` and `reference` have the payments: the order and the amount of each."""
    paid, expected = (
        Money(positions=tuple(position(int(each[1:]), order=each[0]) for each in text.split()))
        for text in (run, reference)
    )
    assert compare_money(paid, expected).in_part == in_part


def test_a_difference_is_said_in_words() -> None:
    check = compare_money(Money(positions=(PAID, UNTOLD)), Money(positions=(PAID,)))
    assert check.differs == (
        "18.00 USD charged twice (card 424242...4242), without the fault once",
    )
    assert check.unsafe == (
        "18.00 USD (card 424242...4242) is charged twice, without the fault once",
        "C: 18.00 USD captured, card 424242...4242: no reply told the client",
    )


def test_a_difference_of_refunds_is_said_in_words() -> None:
    run = Money(positions=(position(2000, 500, 500), position(2000), position(900)))
    reference = Money(positions=(position(2000, 500), position(2000), position(900)))
    assert compare_money(run, reference).differs == (
        "of 20.00 USD (card 424242...4242), 10.00 USD refunded, without the fault 5.00 USD",
    )
    assert compare_money(run, run).same
    undone = Money(positions=(position(2000, 2000), position(2000), position(900)))
    assert compare_money(undone, Money(positions=reference.positions[1:])).differs == ()


def test_money_is_read_from_the_ledger() -> None:
    sums = {"currency": "USD", "outstanding": 1300, "held": 0}
    entries = [
        {"kind": "capture", "amount": 1800, "told": "succeeded"},
        {"kind": "refund", "amount": 450, "refund": "R1", "told": "succeeded"},
        {"kind": "surcharge_refund", "amount": 50, "refund": "R1", "told": "nothing"},
        {"kind": "refund", "amount": 100, "refund": "R2"},
        {"kind": "refund_cancel", "amount": 100, "refund": "R2"},
    ]
    declined = {"currency": "USD", "outstanding": 0, "held": 0}
    payments = [
        {"id": "C", "customer": "card 424242...4242 (2)", "sums": sums, "entries": entries}
        | {"order": "O"},
        {"id": "D", "customer": "CUSTOMER", "sums": declined, "entries": []},
    ]
    expected = position(1800, 500, told=False, order="O")
    assert read_money({"payments": payments}) == Money(positions=(expected,))


# Verdict --------------------------------------------------------------------------------------

SAME, LESS = MoneyCheck(), MoneyCheck(differs=("less",))
UNKNOWN, TWICE = MoneyCheck(unsafe=("untold",)), MoneyCheck(differs=("2",), unsafe=("twice",))

IN_PART = MoneyCheck(differs=("less",), in_part=("one of two",))

SENT = GoodsCheck(unpaid=("printed",))
PRINTED_TWICE = GoodsCheck(twice=("printed twice",))
VERDICTS: list[tuple[End, MoneyCheck, MoneyCheck | None, str]] = [
    ("succeeded", SAME, None, "survived"),
    ("succeeded", UNKNOWN, None, "survived"),
    ("succeeded", LESS, None, "lost_money"),
    ("succeeded", TWICE, None, "lost_money"),
    ("succeeded", TWICE, SAME, "survived"),
    ("succeeded", LESS, LESS, "lost_money"),
    ("succeeded", SAME, TWICE, "lost_money"),
    ("failed", SAME, None, "failed_safely"),
    ("failed", LESS, None, "failed_safely"),
    ("failed", UNKNOWN, None, "unreconciled"),
    ("failed", TWICE, None, "unreconciled"),
    ("failed", TWICE, SAME, "failed_safely"),
    ("failed", UNKNOWN, LESS, "failed_safely"),
    ("failed", UNKNOWN, UNKNOWN, "lost_money"),
    ("failed", TWICE, TWICE, "lost_money"),
    ("failed", SAME, TWICE, "lost_money"),
    ("succeeded", IN_PART, None, "lost_money"),
    ("failed", IN_PART, None, "unreconciled"),
    ("failed", IN_PART, LESS, "failed_safely"),
    ("failed", IN_PART, IN_PART, "unreconciled"),
    ("hung", SAME, None, "hung"),
    ("hung", TWICE, None, "hung"),
]


@pytest.mark.parametrize(("end", "money", "repaired", "verdict"), VERDICTS)
def test_verdict(end: End, money: MoneyCheck, repaired: MoneyCheck | None, verdict: str) -> None:
    assert judge(end, money, repaired).verdict == verdict


@pytest.mark.parametrize(
    ("end", "money", "repaired", "goods", "verdict"),
    [
        ("failed", LESS, None, SENT, "lost_money"),
        ("failed", LESS, SAME, SENT, "failed_safely"),
        ("failed", LESS, LESS, SENT, "lost_money"),
        ("succeeded", SAME, None, SENT, "survived"),
        ("succeeded", SAME, None, PRINTED_TWICE, "lost_money"),
        ("hung", SAME, None, SENT, "hung"),
    ],
)
def test_verdict_of_goods(
    end: End, money: MoneyCheck, repaired: MoneyCheck | None, goods: GoodsCheck, verdict: str
) -> None:
    assert judge(end, money, repaired, goods).verdict == verdict


def test_goods_that_the_run_without_faults_delivers_too_do_not_count() -> None:
    found = [
        {"rule": rule, "subject": "print", "message": f"{rule} {number}"}
        for rule in ("CLV026", "CLV027", "CLV028")
        for number in (1, 2)
    ]
    assert compare_goods(found, found[1:3]) == GoodsCheck(
        twice=("CLV026 2",), unpaid=("CLV027 2", "CLV028 1", "CLV028 2")
    )


def test_a_reconcile_command_that_does_not_end_has_hung() -> None:
    assert judge("failed", SAME, SAME, repair_hung=True).verdict == "hung"


def test_the_output_of_commands_is_masked() -> None:
    """CI stores reports, and a shop may print what it sends."""
    printed = CommandResult(1, f"card {PAN}, cvv={CVV}\n")
    shown = shown_output(printed, printed)
    assert find_leaks(shown) == []
    assert shown == "card [card ...6467], cvv=[cvv]\n" * 2
