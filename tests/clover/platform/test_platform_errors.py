"""Every error of the platform API: a request that causes it, and the complete response."""

from collections.abc import Callable
from typing import Any

import pytest

from mock_clover.clover.common.problems import Problem
from mock_clover.clover.platform import problems as platform_problems
from tests.hostile import UNKNOWN_ID
from tests.in_process import InProcessServer, MakeServer, Response

JSON, PLAIN = "application/json; charset=utf-8", "text/plain; charset=utf-8"
Ask = Callable[[InProcessServer], Response]


def asking(method: str, path: str, body: Any = None, **more: Any) -> Ask:
    """Return a request to a path below the merchant's."""
    return lambda server: server.send(
        method, f"/v3/merchants/{server.known.merchant_id}{path}", body, **more
    )


def paid_order(method: str, path: str, body: Any = None) -> Ask:
    """Return a request for a paid order."""

    def send(server: InProcessServer) -> Response:
        order = server.order(25)["id"]
        result = server.send("POST", f"/v1/orders/{order}/pay", {"source": server.token()})
        assert result.status == 200
        return asking(method, f"/orders/{order}{path}", body)(server)

    return send


def line(body: dict[str, Any]) -> Ask:
    return lambda server: asking("POST", f"/orders/{server.order(1)['id']}/line_items", body)(
        server
    )


def cart(body: Any) -> Ask:
    return asking("POST", "/atomic_order/orders", body)


NO_ORDER = '{"message":"Not Found","details":"Order not found"}'
NO_CUSTOMER = '{"message":"Not Found","details":"Customer not found"}'
UNIT = "Invalid unitQty: this mock supports parts of a unit only for items that are priced per unit"
CASES: list[tuple[str, str, Ask, int, str, str]] = [
    ("PLATFORM_ORDER_NOT_FOUND", label, send, 404, NO_ORDER, JSON)
    for label, send in {
        "an order": asking("GET", f"/orders/{UNKNOWN_ID}"),
        "its change": asking("POST", f"/orders/{UNKNOWN_ID}", {"total": 1}),
        "its deletion": asking("DELETE", f"/orders/{UNKNOWN_ID}"),
        "its lines": asking("GET", f"/orders/{UNKNOWN_ID}/line_items"),
        "a line for it": asking("POST", f"/orders/{UNKNOWN_ID}/line_items", {}),
        "its payments": asking("GET", f"/orders/{UNKNOWN_ID}/payments"),
    }.items()
]
CASES += [
    ("PLATFORM_CUSTOMER_NOT_FOUND", label, send, 404, NO_CUSTOMER, JSON)
    for label, send in {
        "a customer": asking("GET", f"/customers/{UNKNOWN_ID}"),
        "its change": asking("POST", f"/customers/{UNKNOWN_ID}", {}),
        "its deletion": asking("DELETE", f"/customers/{UNKNOWN_ID}"),
    }.items()
]
CASES += [
    (
        "PLATFORM_PAYMENT_NOT_FOUND",
        "a payment",
        asking("GET", f"/payments/{UNKNOWN_ID}"),
        404,
        '{"message":"Not Found","details":"Payment not found"}',
        JSON,
    ),
    (
        "PLATFORM_INVALID_ID",
        "an item",
        asking("GET", f"/items/{UNKNOWN_ID}"),
        404,
        '{"message":"invalid ID"}',
        JSON,
    ),
    (
        "PLATFORM_INVALID_ID",
        "a tax",
        asking("GET", f"/tax_rates/{UNKNOWN_ID}"),
        404,
        '{"message":"invalid ID"}',
        JSON,
    ),
    (
        "PLATFORM_INVALID_FILTER",
        "a field that order types are not filtered by",
        asking("GET", "/order_types?filter=label=a"),
        400,
        '{"message":"Invalid filter: label cannot be filtered; allowed: id, deletedTime"}',
        JSON,
    ),
    (
        "PLATFORM_INVALID_QUERY",
        "51 expansions",
        asking("GET", f"/orders?expand={','.join(f'a{n}' for n in range(51))}"),
        400,
        '{"message":"Invalid value for expand"}',
        JSON,
    ),
    *(
        (
            "PLATFORM_INVALID_QUERY",
            label,
            line(body),
            400,
            '{"message":"Invalid value for discounts"}',
            JSON,
        )
        for label, body in {
            "a discount of nothing": {"price": 1, "discounts": [{"name": "D"}]},
            "a discount that the merchant does not have": {
                "price": 1,
                "discounts": [{"discount": {"id": UNKNOWN_ID}}],
            },
        }.items()
    ),
    (
        "PLATFORM_INVALID_MODIFIER",
        "a modification without a price",
        line({"price": 1, "modifications": [{"modifier": {"id": UNKNOWN_ID}}]}),
        400,
        '{"message":"invalid_modifier"}',
        JSON,
    ),
    (
        "PLATFORM_SERVICE_CHARGE_ID_MISSING",
        "a service charge without an id",
        lambda server: asking(
            "POST", f"/orders/{server.order(1)['id']}/service_charge", {"name": "S"}
        )(server),
        400,
        '{"message":"Service charge in body is missing an ID"}',
        JSON,
    ),
    *(
        (
            "PLATFORM_NOT_FOUND",
            path,
            lambda server, method=method, path=path: asking(
                method, f"/orders/{server.order(1)['id']}/{path}/{UNKNOWN_ID}", {}
            )(server),
            404,
            '{"message":"Not Found"}',
            JSON,
        )
        for method, path in (
            ("GET", "line_items"),
            ("POST", "line_items"),
            ("DELETE", "line_items"),
            ("DELETE", "discounts"),
            ("DELETE", "service_charge"),
        )
    ),
    (
        "PLATFORM_INVALID_QUERY",
        "a customer that is none",
        asking("POST", "/orders", {"customers": [{"id": UNKNOWN_ID}]}),
        400,
        '{"message":"Invalid value for customers"}',
        JSON,
    ),
    (
        "PLATFORM_INVALID_QUERY",
        "a tax that the merchant does not have",
        line({"price": 1, "taxRates": [{"id": UNKNOWN_ID}]}),
        400,
        '{"message":"Invalid value for taxRates"}',
        JSON,
    ),
    (
        "PLATFORM_ITEM_MISSING",
        "a line of an item that is none",
        line({"item": {"id": UNKNOWN_ID}}),
        400,
        '{"message":"item_does_not_exist"}',
        JSON,
    ),
    (
        "PLATFORM_ITEM_MISSING",
        "the same in a cart",
        cart({"orderCart": {"lineItems": [{"item": {"id": UNKNOWN_ID}}]}}),
        400,
        '{"message":"item_does_not_exist"}',
        JSON,
    ),
    *(
        (
            "PLATFORM_CART_EMPTY",
            label,
            cart(body),
            400,
            '{"message":"cart_is_empty_or_missing"}',
            JSON,
        )
        for label, body in {
            "no cart": {},
            "a cart without lines": {"orderCart": {}},
            "an empty cart": {"orderCart": {"lineItems": []}},
        }.items()
    ),
    (
        "PLATFORM_FRACTIONAL_QUANTITY",
        "one unit and a half",
        line({"price": 1, "unitQty": 1500}),
        400,
        f'{{"message":"{UNIT}"}}',
        JSON,
    ),
    *(
        ("PLATFORM_ORDER_PAID", label, send, 400, '{"message":"Order has payments"}', JSON)
        for label, send in {
            "the deletion of a paid order": paid_order("DELETE", ""),
            "another total for a paid order": paid_order("POST", "", {"total": 1}),
        }.items()
    ),
    (
        "INVALID_JSON",
        "a body that is no JSON",
        asking("POST", "/orders", raw=b"{"),
        400,
        '{"message":"Invalid JSON Format"}',
        JSON,
    ),
    (
        "AMOUNT_TOO_LARGE",
        "lines that cost too much together",
        line({"price": 99_999_999, "quantity": 2}),
        400,
        '{"message":"Amount exceeds the maximum of $999,999.99."}',
        JSON,
    ),
    *(
        ("UNAUTHORIZED", label, send, 401, '{"message":"401 Unauthorized"}', JSON)
        for label, send in {
            "a token that nobody gave": asking(
                "GET", "/orders", headers={"authorization": "Bearer nobody"}
            ),
            "no token": asking("GET", "/orders", auth=False),
            "a wrong token in the query": asking("GET", "/orders?access_token=no", auth=False),
            "another merchant": lambda server: server.send("GET", f"/v3/merchants/{UNKNOWN_ID}"),
            "another merchant's configuration": lambda server: server.send(
                "GET", f"/v3/merchants/{UNKNOWN_ID}/ecomm_payment_configs", auth=False
            ),
        }.items()
    ),
    (
        "METHOD_NOT_ALLOWED",
        "PUT of a customer",
        lambda server: asking("PUT", f"/customers/{server.customer()['id']}", {})(server),
        405,
        "405 PUT not allowed.",
        PLAIN,
    ),
    (
        "METHOD_NOT_ALLOWED",
        "POST of payments",
        asking("POST", "/payments", {}),
        405,
        "405 POST not allowed.",
        PLAIN,
    ),
    ("PATH_NOT_FOUND", "no such list", asking("GET", "/nothing"), 404, "404 Not Found", PLAIN),
]


@pytest.mark.parametrize(
    "settings", [{}, {"dialect": "documented"}], ids=["observed", "documented"]
)
@pytest.mark.parametrize(
    ("problem", "fact", "send", "status", "body", "content_type"),
    CASES,
    ids=[f"{problem}: {fact}" for problem, fact, *_ in CASES],
)
def test_platform_error_format_in_both_dialects(
    make_server: MakeServer,
    settings: dict[str, str],
    problem: str,
    fact: str,
    send: Ask,
    status: int,
    body: str,
    content_type: str,
) -> None:
    server = make_server(**settings)
    before: list[object] = []
    send_request = server.send

    def watched(*args: Any, **named: Any) -> Response:
        before.append(server.sandbox.state())
        return send_request(*args, **named)

    server.send = watched  # type: ignore[method-assign] # a spy, for this test
    got = send(server)
    assert (got.status, got.body.decode(), got.content_type) == (status, body, content_type), fact
    assert problem in got.why
    assert server.sandbox.state() == before[-1]


def test_every_platform_problem_is_tested() -> None:
    named = {name for name, each in vars(platform_problems).items() if isinstance(each, Problem)}
    assert named <= {problem for problem, *_ in CASES}


def test_405_lists_allowed_methods(server: InProcessServer) -> None:
    """Observed: `405 POST not allowed.` and `Allow: GET, OPTIONS`."""
    assert asking("POST", "/payments")(server).headers["allow"] == "GET, OPTIONS"


def test_problem_fault_has_platform_format(server: InProcessServer) -> None:
    fault = {"kind": "problem", "problem": "INVALID_SOURCE", "when": "after_commit", "times": 1}
    control = {"x-mock-clover-control": "1", "content-type": "application/json"}
    assert server.send("POST", "/_mock/faults", fault, headers=control).status == 200
    got = asking("POST", "/orders", {})(server)
    assert (got.status, got.json) == (
        400,
        {"message": "Please provide a valid source for the charge."},
    )
    assert len(server.sandbox.orders) == 1
