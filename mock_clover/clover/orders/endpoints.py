"""Create, retrieve, list and pay orders, in one or several payments.

A charge creates an order (documented REF createcharge). Such an order is not stored but derived
from its charge, so that a charge needs one row instead of two.
"""

import heapq
from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from mock_clover.clover.charges.endpoints import store_charge
from mock_clover.clover.charges.operations_basis import basis_of
from mock_clover.clover.charges.operations_on_file import notify_failed_payment
from mock_clover.clover.charges.operations_purchase import (
    check_and_strip_unsupported_data,
    check_tender,
)
from mock_clover.clover.charges.operations_source import (
    check_amount,
    check_metadata,
    resolve_source,
)
from mock_clover.clover.charges.operations_taxes import line_taxes
from mock_clover.clover.charges.records import Charge, ChargeRequest
from mock_clover.clover.charges.responses import ListResponse
from mock_clover.clover.common.cards import Card
from mock_clover.clover.common.operations_merchant import require_multi_pay_tokens
from mock_clover.clover.common.problems import (
    AMOUNT_TOO_LARGE,
    CARD_ON_FILE_MISSING,
    INVALID_REQUEST,
    INVALID_SOURCE,
    INVALID_TAX_RATE,
    MULTI_PAY_TOKENS_DISABLED,
    ORDER_ALREADY_PAID,
    ORDER_NOT_FOUND,
    ORDER_OVERPAID,
    ORDER_WITHOUT_ITEMS,
    TOKEN_ALREADY_USED,
)
from mock_clover.clover.common.verdict import Approval, Decline
from mock_clover.clover.orders.behaviours import (
    AMOUNT_IS_UNIT_PRICE,
    SPLIT_PAYMENT,
    TAX_IS_ROUNDED_HALF_UP,
)
from mock_clover.clover.orders.records import Order, OrderRequest, PayRequest, order_totals
from mock_clover.clover.orders.records_item import TAX_RATE_100_PERCENT, Item
from mock_clover.clover.orders.responses import (
    OrderResponse,
    OrderWithCharges,
    created_order_response,
    order_list_item,
    order_response,
    payment_response,
)
from mock_clover.clover.threeds.operations import THREEDS_ERRORS, start_threeds
from mock_clover.clover.webhooks.operations import send_platform_event
from mock_clover.core.evidence import Behaviour, documented
from mock_clover.core.money import minor_units_text
from mock_clover.core.record import Record
from mock_clover.core.steps import Work
from mock_clover.engine.endpoint import Call, Declined, Endpoint, bearer
from mock_clover.engine.overrides import default_rule_input
from mock_clover.engine.pagination import OrdersQuery, basis_of_query, paginate, time_filter
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.scenario.records_rule import RuleInput


def create_order(sandbox: Sandbox, call: Call[OrderRequest, None]) -> OrderResponse:
    """Create an order."""
    body = call.body
    items = tuple(_from_inventory(sandbox, item) for item in body.items)
    taxes = line_taxes(sandbox, items)
    amount, tax_amount = order_totals(items, taxes)
    check_amount(amount, body.currency)
    check_metadata(body.metadata)
    if body.customer is not None and body.customer not in sandbox.customers:
        raise INVALID_REQUEST.error(param="customer", rule="customer is no customer's id")
    sandbox.orders.check_capacity()
    order = Order(
        id=sandbox.ids.object_id(),
        currency=sandbox.format_currency(body.currency),
        created_ms=sandbox.clock.now_ms(),
        amount=amount,
        items=items,
        taxes=taxes,
        tax_amount=tax_amount,
        customer=body.customer,
        email=body.email,
        metadata=body.metadata,
    )
    sandbox.orders.put(order.id, order)
    send_platform_event(sandbox, "O", order.id, "CREATE", "order")
    call.basis = _basis_of_items(items)
    call.why = "created the order"
    return created_order_response(order)


def _basis_of_items(items: Iterable[Item]) -> tuple[Behaviour, ...]:
    """Return the behaviours that the totals of items rely on."""
    basis: tuple[Behaviour, ...] = ()
    if any(item.quantity not in (None, 1) for item in items):
        basis = (AMOUNT_IS_UNIT_PRICE,)
    products = (item.price * (rate.rate or 0) for item in items for rate in item.tax_rates or ())
    if any(product % TAX_RATE_100_PERCENT for product in products):
        basis += (TAX_IS_ROUNDED_HALF_UP,)
    return basis


def _from_inventory(sandbox: Sandbox, item: Item) -> Item:
    """Return a line; if it has no price, with the price and name of its inventory item.

    Source: REF createorder, `parent`. That it supplies missing fields is inferred.
    """
    inventory_item = sandbox.items.get(item.parent or "")
    if inventory_item is None or item.amount:
        return item
    inventory = inventory_item.asked
    return replace(item, amount=inventory.price, description=item.description or inventory.name)


def payment_rule_input(
    sandbox: Sandbox,
    operation: str,
    request: Record | None,
    ids: tuple[str, ...],
    headers: dict[bytes, bytes],
    card: Card | None = None,
) -> RuleInput:
    """Return the rule input of a payment; the order supplies a missing source or amount."""
    order = sandbox.orders.get(ids[0]) if ids else None
    customer = getattr(request, "customer", None) or (order.customer if order else None)
    amount = getattr(request, "amount", None)
    if amount is None and ids and (full_order := find_order(sandbox, ids[0])) is not None:
        amount = full_order.order.amount - full_order.amount_paid
    return default_rule_input(
        *(sandbox, operation, request, ids, headers, card), source=customer, amount=amount
    )


def pay_order(sandbox: Sandbox, call: Call[PayRequest, None]) -> OrderResponse | Declined:
    """Pay an order, in full or in part, with a token or the card of a customer."""
    body, full_order = call.body, require_order(sandbox, call.ids[0])
    order, unpaid = full_order.order, full_order.order.amount - full_order.amount_paid
    if full_order.paid_ms is not None or sandbox.sale_orders.get(order.id) is not None:
        raise ORDER_ALREADY_PAID.error(id=order.id, rule="nothing of the order is unpaid")
    if not order.items:
        raise ORDER_WITHOUT_ITEMS.error(id=order.id, rule="the order has 0 items; at least 1")
    amount = unpaid if body.amount is None else body.amount
    check_amount(amount, order.currency)
    if amount > unpaid:
        rule = f"amount is {minor_units_text(amount, order.currency)}; at most "
        rule += f"{minor_units_text(unpaid, order.currency)}, the unpaid rest"
        raise ORDER_OVERPAID.error(rule=rule)
    check_metadata(body.metadata)
    source = body.source or body.customer or order.customer
    if source is None:
        raise INVALID_SOURCE.error(rule="source is missing; the order has no customer either")
    require_multi_pay_tokens(sandbox, needed=body.intent is not None)
    payment_source = resolve_source(sandbox, source, body.stored_credentials, call.verdict)
    if payment_source.token.kind == "tender":
        check_tender(body.tender, captures=True)
    sandbox.charges.check_capacity()
    if body.threeds is not None and payment_source.token.kind == "card":
        payment_source = start_threeds(sandbox, call, body.threeds, payment_source, amount)
    part = amount
    if isinstance(payment_source.verdict, Approval) and payment_source.verdict.amount is not None:
        part = min(amount, payment_source.verdict.amount)
    tax = full_order.tax_within(full_order.amount_paid + part) - full_order.tax_within(
        full_order.amount_paid
    )
    charge_request = _as_charge(body, order, amount, tax, source)
    if charge_request.level2 is not None or charge_request.level3 is not None:
        charge_request, payment_source = check_and_strip_unsupported_data(
            sandbox, charge_request, payment_source
        )
    charge = store_charge(sandbox, charge_request, payment_source, order.id)
    call.why = payment_source.why or payment_source.verdict.why
    call.issuer_verdict = payment_source.verdict
    split = (SPLIT_PAYMENT,) if charge.request.amount < order.amount else ()
    call.basis = payment_source.basis + basis_of(charge) + split
    if charge.decline is not None:
        notify_failed_payment(sandbox, charge)
        return Declined(charge, charge.decline)
    if charge.state == "pending":
        return payment_response(OrderWithCharges(order, (*full_order.charges, charge)))
    paid = record_payment(sandbox, order, charge)
    if isinstance(payment_source.verdict, Decline):  # phantom decline: the order is paid
        return Declined(charge, payment_source.verdict)
    return payment_response(OrderWithCharges(paid, (*full_order.charges, charge)))


def record_payment(sandbox: Sandbox, order: Order, charge: Charge) -> Order:
    """Record in an order a charge that paid it in full or in part."""
    paid = replace(
        order,
        charges=(*order.charges, charge.id),
        customer=order.customer or charge.customer,
        email=order.email or charge.request.receipt_email,
    )
    sandbox.orders.put(order.id, paid)
    send_platform_event(sandbox, "O", order.id, "UPDATE", "payment")
    return paid


def _as_charge(body: PayRequest, order: Order, amount: int, tax: int, source: str) -> ChargeRequest:
    return ChargeRequest(
        amount=amount,
        currency=body.currency or order.currency,
        source=source,
        ecomind=body.ecomind,
        tip_amount=body.tip_amount,
        tax_amount=tax or None,
        external_reference_id=body.external_reference_id,
        external_customer_reference=body.external_customer_reference,
        metadata=body.metadata,
        stored_credentials=body.stored_credentials,
        receipt_email=body.email,
        threeds=body.threeds,
        partial_redemption=body.partial_redemption,
        intent=body.intent,
        level2=body.level2,
        level3=body.level3,
        tender=body.tender,
    )


def get_order(sandbox: Sandbox, call: Call[None, None]) -> OrderResponse:
    """Return one order."""
    return order_response(require_order(sandbox, call.ids[0]))


def list_orders(
    sandbox: Sandbox, call: Call[None, OrdersQuery]
) -> ListResponse | Work[ListResponse]:
    """Return orders, newest first."""
    query = call.query
    paid_within = time_filter(query, "status_transitions.paid")

    def matches(full_order: OrderWithCharges) -> bool:
        if query.customer is not None and full_order.order.customer != query.customer:
            return False
        return paid_within is None or (
            full_order.paid_ms is not None and paid_within(full_order.paid_ms)
        )

    call.basis = basis_of_query(query)
    return paginate(
        "/v1/orders",
        lambda may_change: newest_orders(sandbox, may_change=may_change),
        query,
        matches=matches,
        created_ms=lambda full_order: full_order.order.created_ms,
        to_record=order_list_item,
    )


def newest_orders(
    sandbox: Sandbox, *, may_change: bool = False
) -> Iterator[tuple[str, OrderWithCharges]]:
    """Iterate over all orders, newest first, including those that charges created.

    `may_change`: rows may change while they are read.
    """
    of_charges = (
        (key, full_order)
        for key, _ in sandbox.sale_orders.items_newest_first(may_change=may_change)
        if (full_order := find_order(sandbox, key)) is not None
    )
    stored = (
        (key, _with_charges(sandbox, order))
        for key, order in sandbox.orders.items_newest_first(may_change=may_change)
        if sandbox.sale_orders.get(key) is None
    )
    return heapq.merge(stored, of_charges, key=lambda pair: pair[1].order.created_ms, reverse=True)


def require_order(sandbox: Sandbox, order_id: str) -> OrderWithCharges:
    """Return an order and its charges, or raise ORDER_NOT_FOUND."""
    full_order = find_order(sandbox, order_id)
    if full_order is None:
        raise ORDER_NOT_FOUND.error(id=order_id, rule="this sandbox has no order with this id")
    return full_order


def find_order(sandbox: Sandbox, order_id: str) -> OrderWithCharges | None:
    """Return an order and its charges, or None.

    An order that a charge created is derived from that charge until the platform API changes it.
    """
    order = sandbox.orders.get(order_id)
    if order is not None:
        return _with_charges(sandbox, order)
    charge = sandbox.charges.get(sandbox.sale_orders.get(order_id) or "")
    return None if charge is None else _from_charge(order_id, charge)


def _with_charges(sandbox: Sandbox, order: Order) -> OrderWithCharges:
    charges = (sandbox.charges.get(key) for key in order.charges)
    return OrderWithCharges(order, tuple(charge for charge in charges if charge is not None))


def _from_charge(order_id: str, charge: Charge) -> OrderWithCharges:
    """Derive an order from the charge that created it."""
    request = charge.request
    order = Order(
        id=order_id,
        currency=charge.currency,
        created_ms=charge.created_ms,
        amount=request.amount,
        items=(Item(quantity=1, amount=request.amount, description=request.description),),
        tax_amount=request.tax_amount,
        customer=charge.customer,
        charges=(charge.id,),
    )
    return OrderWithCharges(order, (charge,))


ENDPOINTS = (
    Endpoint(
        name="create_order",
        method="POST",
        path="/v1/orders",
        run=create_order,
        request=OrderRequest,
        auth=bearer(
            "read_merchant",
            "read_orders",
            "write_orders",
            field_permissions=(("customer", "read_customers"), ("tax_rates", "read_inventory")),
        ),
        response=OrderResponse,
        idempotent=True,
        errors=(INVALID_TAX_RATE, AMOUNT_TOO_LARGE),
        about="Create an order of items.",
        evidence=documented("REF createorder"),
    ),
    Endpoint(
        name="list_orders",
        method="GET",
        path="/v1/orders",
        run=list_orders,
        query=OrdersQuery,
        auth=bearer("read_orders", "read_payments"),
        response=ListResponse,
        about="List orders, newest first, including those that charges created.",
        evidence=documented("REF getorders"),
    ),
    Endpoint(
        name="get_order",
        method="GET",
        path="/v1/orders/{order_id}",
        run=get_order,
        auth=bearer("read_customers", "read_merchant", "read_orders", "read_payments"),
        response=OrderResponse,
        errors=(ORDER_NOT_FOUND,),
        about="Get one order; a paid order has a `charge`.",
        evidence=documented("REF getorder"),
    ),
    Endpoint(
        name="pay_order",
        method="POST",
        path="/v1/orders/{order_id}/pay",
        run=pay_order,
        build_rule_input=payment_rule_input,
        request=PayRequest,
        auth=bearer(
            "read_customers",
            "read_inventory",
            "read_merchant",
            "read_orders",
            "read_payments",
            "online_payments",
        ),
        response=OrderResponse,
        idempotent=True,
        requires_client_headers=True,
        errors=(
            ORDER_NOT_FOUND,
            ORDER_ALREADY_PAID,
            ORDER_WITHOUT_ITEMS,
            ORDER_OVERPAID,
            MULTI_PAY_TOKENS_DISABLED,
            TOKEN_ALREADY_USED,
            CARD_ON_FILE_MISSING,
            AMOUNT_TOO_LARGE,
            *THREEDS_ERRORS,
        ),
        about="Pay an order with a token or a card on file; `amount` makes a partial payment.",
        evidence=documented("REF postordersidpay; SEED save-a-card"),
    ),
)
