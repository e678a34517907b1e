"""Every error of the hosted checkout: its body, its reason, and that nothing has changed."""

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from mock_clover.clover.checkout import problems as checkout_problems
from mock_clover.core.problem import Problem
from tests.checkouts import LAMP, PATH, asked, create, pay, session
from tests.in_process import InProcessServer, MakeServer, Response

Ask = Callable[[InProcessServer], Response]
CASES: list["Case"] = []
UNKNOWN = "00000000-0000-4000-a000-000000000000"


class Case(NamedTuple):
    problem: str
    fact: str
    send: Ask
    message: str
    status: int
    settings: dict[str, Any]


def case(
    problem: str, fact: str, send: Ask, message: str, status: int = 400, **settings: Any
) -> None:
    CASES.append(Case(problem, fact, send, message, status, settings))


def creating(**changes: Any) -> Ask:
    return lambda server: create(server, **changes)


def line(**changes: Any) -> dict[str, Any]:
    item = {name: value for name, value in (LAMP | changes).items() if value is not ...}
    return {"shoppingCart": {"lineItems": [LAMP, item]}}


def invalid(fact: str, param: str, **changes: Any) -> None:
    case("CHECKOUT_INVALID", fact, creating(**changes), f"Please provide a valid {param}.")


def leading(url: Any, fact: str) -> None:
    invalid(fact, "redirectUrls.failure", redirectUrls={"failure": url})


for fact, problem, message, status, changes in (
    ("no customer", "CUSTOMER_MISSING", "Customer can't be null", 404, {"customer": ...}),
    ("null for a customer", "CUSTOMER_MISSING", "Customer can't be null", 404, {"customer": None}),
    (
        "a discount of the cart",
        "CART_DISCOUNTS",
        "Please provide a valid shoppingCart.discounts.",
        400,
        {"shoppingCart": {"lineItems": [LAMP], "discounts": [{"name": "d", "amount": -100}]}},
    ),
    *(
        (fact, "LINE_INCOMPLETE", "Please provide either itemRefUuid or name, price.", 400, changes)
        for fact, changes in (
            ("a line without a name", line(name=...)),
            ("a name of nothing", line(name="")),
            ("a line without a price", line(price=...)),
            ("a line of units only", line(name=..., price=...)),
        )
    ),
    (
        "a price below zero",
        "PRICE_NEGATIVE",
        "Line item prices should be positive",
        400,
        line(price=-1),
    ),
    (
        "a tax without its rate",
        "TAX_WITHOUT_RATE",
        "Rate map missing tax summary rates",
        400,
        line(taxRates=[{"id": "8ZC0J6AG35N64"}]),
    ),
):
    case(f"CHECKOUT_{problem}", fact, creating(**changes), message, status)
invalid("a customer that is none", "customer", customer="Jo")
invalid("an e-mail address that is none", "customer.email", customer={"email": "jo"})
invalid("no cart", "shoppingCart", shoppingCart=...)
invalid("a cart without its lines", "shoppingCart.lineItems", shoppingCart={})
invalid("no line", "shoppingCart.lineItems", shoppingCart={"lineItems": []})
invalid("501 lines", "shoppingCart.lineItems", shoppingCart={"lineItems": [LAMP] * 501})
invalid(
    "an item that the inventory has not",
    "shoppingCart.lineItems[1].itemRefUuid",
    **line(name=..., price=..., itemRefUuid="8ZC0J6AG35N64"),
)
invalid("a name of 127", "shoppingCart.lineItems[1].name", **line(name="x" * 127))
invalid("a line without units", "shoppingCart.lineItems[1].unitQty", **line(unitQty=...))
invalid("no units at all", "shoppingCart.lineItems[1].unitQty", **line(unitQty=0))
invalid("half a unit", "shoppingCart.lineItems[1].unitQty", **line(unitQty=0.5))
invalid("a price that is none", "shoppingCart.lineItems[1].price", **line(price="free"))
invalid(
    "a rate below zero",
    "shoppingCart.lineItems[1].taxRates[0].rate",
    **line(taxRates=[{"rate": -1}]),
)
invalid("a total above Clover's maximum", "shoppingCart", **line(price=99_999_999))
invalid("metadata that is no object", "metadata", metadata="x")
invalid("metadata of more than 4,096 bytes", "metadata", metadata={"a": "x" * 4_096})
leading("http://shop.example/", "http")
leading("HTTPS://localhost/x", "localhost")
leading("https://localhost:3000/x", "localhost with a port")
leading("https://LOCALHOST./x", "localhost with a dot")
leading("https://app.localhost/x", "a name below localhost")
leading("https://127.0.0.1/x", "this machine's address")
leading("https://[::1]/x", "this machine's other address")
leading("javascript:alert(1)", "a script")
leading("//shop.example/", "no scheme")
leading("/paid", "a path")
leading("", "nothing")
leading("https://", "no host")
leading("https://jo@shop.example/", "a user")
leading("https://shop.example;script-src/", "a host that ends a policy")
leading("https://shop.example\\.evil/", "a backslash in the host")
leading("https://shop.example:x/", "a port that is none")
leading("https://shop.example/a\r\nset-cookie: b=c", "line ends")
leading("https://shop.example/#a\nb", "a line end behind the hash")
leading("https://shop.example/ä", "a letter that is no ASCII")
leading("https://shop.example/" + "x" * 2_000, "2,021 characters")
leading(7, "a number")

for demanded, person, param in (
    ("any", {}, "customer"),
    ("any", {"phoneNumber": "6205551010", "email": None}, "customer"),
    ("all", {"firstName": "Jo", "email": "jo@example.com"}, "customer.lastName"),
    ("all", {"firstName": "", "lastName": "Doe"}, "customer.firstName"),
):
    case(
        "CHECKOUT_INVALID",
        f"{demanded} of a customer is demanded, and there is {person}",
        creating(customer=person),
        f"Please provide a valid {param}.",
        checkout={"customer": demanded},
    )


def late(server: InProcessServer) -> Response:
    created = session(server)
    server.send("PUT", "/_mock/clock", {"advance": "15m"})
    return pay(server, created)


def twice(server: InProcessServer) -> Response:
    created = session(server)
    assert pay(server, created).json["result"] == "approved"
    return pay(server, created)


def after_all(server: InProcessServer) -> Response:
    created = session(server)
    server.send("POST", f"/_mock/checkouts/{created}/cancel")
    return pay(server, created)


def cancelling(first: Ask) -> Ask:
    """Cancel a session that another case has created."""

    def send(server: InProcessServer) -> Response:
        first(server)
        (row,) = server.sandbox.state()["checkouts"]
        return server.send("POST", f"/_mock/checkouts/{row.id}/cancel")

    return send


NONE = lambda server: pay(server, UNKNOWN)  # noqa: E731 - a case like the others
for problem, fact, status, first, message in (
    ("CHECKOUT_EXPIRED", "after 15 minutes", 410, late, "This checkout has expired."),
    ("CHECKOUT_ALREADY_PAID", "twice", 409, twice, "This checkout session has already been paid."),
    (
        "CHECKOUT_CANCELLED",
        "when cancelled",
        409,
        after_all,
        "This checkout session was cancelled.",
    ),
):
    case(problem, f"a payment {fact}", first, message, status)
    case(problem, f"a cancellation {fact}", cancelling(first), message, status)
case("CHECKOUT_NOT_FOUND", "a payment of nothing", NONE, "Checkout session not found.", 404)
case(
    "CHECKOUT_NOT_FOUND",
    "a look at nothing",
    lambda server: server.send("GET", f"/_mock/checkouts/{UNKNOWN}"),
    "Checkout session not found.",
    404,
)

every_case = pytest.mark.parametrize("case", CASES, ids=lambda each: f"{each.problem}: {each.fact}")


def given(case: Case) -> dict[str, Any]:
    from msgspec import convert

    from mock_clover.clover.checkout.records_settings import CheckoutSettings

    return {name: convert(value, CheckoutSettings) for name, value in case.settings.items()}


@every_case
@pytest.mark.parametrize("dialect", ["observed", "documented"])
def test_checkout_error_has_only_a_message(
    case: Case, dialect: str, make_server: MakeServer
) -> None:
    got = case.send(make_server(**given(case), dialect=dialect))
    assert (got.status, got.json) == (case.status, {"message": case.message})
    assert case.problem in got.why


@every_case
def test_a_refusal_changes_nothing(case: Case, make_server: MakeServer) -> None:
    """The rejected request is the last one of a case."""
    server = make_server(**given(case))
    states: list[object] = []
    send = server.send

    def watched(*args: Any, **named: Any) -> Response:
        states.append((server.sandbox.state(), server.sandbox.ids.state()))
        return send(*args, **named)

    server.send = watched  # type: ignore[method-assign] # a spy, for this test
    case.send(server)
    assert (server.sandbox.state(), server.sandbox.ids.state()) == states[-1]


def test_every_checkout_error_is_tested() -> None:
    named = {each.name for each in vars(checkout_problems).values() if isinstance(each, Problem)}
    assert named == {case.problem for case in CASES}


MERCHANTS = {
    "none": ({}, 400, "MERCHANT_ID_MISSING"),
    "another": ({"x-clover-merchant-id": "ZZZZZZZZZZZZZ"}, 401, "UNAUTHORIZED"),
}


@pytest.mark.parametrize(("named", "status", "problem"), MERCHANTS.values(), ids=MERCHANTS)
def test_a_session_is_made_for_the_merchant_of_the_token(
    server: InProcessServer, named: dict[str, str], status: int, problem: str
) -> None:
    got = server.send("POST", PATH, asked(), headers=named)
    assert (got.status, problem in got.why, server.sandbox.state()["checkouts"]) == (
        status,
        True,
        [],
    )


def test_get_session_returns_404(server: InProcessServer) -> None:
    """Observed 2026-05-13: 404 for fresh sessions."""
    named = {"x-clover-merchant-id": server.known.merchant_id}
    got = server.send("GET", f"{PATH}/{session(server)}", headers=named)
    assert got.status == 404
