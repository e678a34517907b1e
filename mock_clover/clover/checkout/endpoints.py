"""Hosted checkout: a shop creates a session; its customer pays or cancels on Clover's page.

`operations.py` has the payments, `page.py` the page.
"""

from typing import Any

from mock_clover.clover.checkout.operations import PAGE
from mock_clover.clover.checkout.problems import (
    CHECKOUT_CART_DISCOUNTS,
    CHECKOUT_CUSTOMER_MISSING,
    CHECKOUT_INVALID,
    CHECKOUT_LINE_INCOMPLETE,
    CHECKOUT_PRICE_NEGATIVE,
    CHECKOUT_TAX_WITHOUT_RATE,
)
from mock_clover.clover.checkout.records import (
    CHECKOUT_LIFETIME_MS,
    DOC,
    METADATA_BYTES_MAX,
    CartItem,
    CartTax,
    Checkout,
    CheckoutCustomer,
    CheckoutRequest,
    CheckoutResponse,
    Line,
    RedirectUrls,
    redirect_url_error,
    requests_tip,
)
from mock_clover.clover.common.operations_merchant import require_merchant_header
from mock_clover.clover.common.problems import UNAUTHORIZED
from mock_clover.clover.orders.records import order_totals
from mock_clover.clover.orders.records_item import TaxRate
from mock_clover.core.iso8601 import format_iso8601
from mock_clover.core.money import AMOUNT_MAX, amount_text, minor_units_text
from mock_clover.core.record import encode
from mock_clover.engine.endpoint import Call, Endpoint, bearer, sandbox_base_url
from mock_clover.engine.error_format import (
    error_dialect,
)
from mock_clover.sandbox.sandbox import Sandbox


def create_checkout(sandbox: Sandbox, call: Call[CheckoutRequest, None]) -> CheckoutResponse:
    """Create a session that can be paid for fifteen minutes.

    Times are ISO 8601 strings (observed: PayHub 2026-09-17); Unix time in the documented dialect.
    """
    require_merchant_header(sandbox, call)
    body, customer = call.body, call.body.customer
    if customer is None:
        raise CHECKOUT_CUSTOMER_MISSING.error(rule="customer is missing; it may be empty")
    _check_customer(sandbox, customer)
    if body.shoppingCart.discounts:
        raise CHECKOUT_CART_DISCOUNTS.error(rule="shoppingCart.discounts is not accepted")
    lines = tuple(
        _build_line(sandbox, f"shoppingCart.lineItems[{index}]", item)
        for index, item in enumerate(body.shoppingCart.lineItems)
    )
    amount, tax_amount = order_totals(line.as_order_item for line in lines)
    if amount > AMOUNT_MAX:
        total, most = map(minor_units_text, (amount, AMOUNT_MAX))
        rule = f"the lines of shoppingCart add up to {total}; at most {most}"
        raise CHECKOUT_INVALID.error(param="shoppingCart", rule=rule)
    urls = _redirect_urls(sandbox, body.redirectUrls or RedirectUrls())
    size = len(encode(body.metadata)) if body.metadata else 0
    if size > METADATA_BYTES_MAX:
        rule = f"metadata has {size} bytes; at most {METADATA_BYTES_MAX}, mock-clover's own limit"
        raise CHECKOUT_INVALID.error(param="metadata", rule=rule)
    now_ms = sandbox.clock.now_ms()
    checkout = Checkout(
        id=sandbox.ids.uuid(),
        created_ms=now_ms,
        expires_ms=now_ms + CHECKOUT_LIFETIME_MS,
        lines=lines,
        amount=amount,
        tax_amount=tax_amount,
        first_name=customer.firstName,
        last_name=customer.lastName,
        email=customer.email,
        phone=customer.phoneNumber,
        success=urls.success,
        failure=urls.failure,
        cancel=urls.cancel,
        metadata=body.metadata,
        tips=requests_tip(body.tips),
    )
    sandbox.checkouts.put_bounded(checkout.id, checkout)
    call.why = f"created a checkout session for {amount_text(amount)}"
    documented = error_dialect(sandbox, call.headers) == "documented"
    created, expires = (
        at_ms if documented else format_iso8601(at_ms, "Z")
        for at_ms in (checkout.created_ms, checkout.expires_ms)
    )
    return CheckoutResponse(
        href=page_url(sandbox, call, checkout.id),
        checkoutSessionId=checkout.id,
        createdTime=created,
        expirationTime=expires,
    )


def page_url(sandbox: Sandbox, call: Call[Any, Any], checkout_id: str) -> str:
    """Return the URL of a session's page."""
    return f"{sandbox_base_url(sandbox, call)}{PAGE}/{checkout_id}?mode=checkout"


def _check_customer(sandbox: Sandbox, customer: CheckoutCustomer) -> None:
    """Raise CHECKOUT_INVALID if a required field is missing. Source: DOCS hosted checkout."""
    required = sandbox.settings.checkout.customer
    values = {name: getattr(customer, name) for name in ("firstName", "lastName", "email")}
    missing = [name for name, value in values.items() if not value]
    if required == "all" and missing:
        rule = f"customer.{missing[0]} is missing; the setting checkout.customer requires it"
        raise CHECKOUT_INVALID.error(param=f"customer.{missing[0]}", rule=rule)
    if required == "any" and len(missing) == len(values):
        rule = "customer has no name and no email; the setting checkout.customer requires one"
        raise CHECKOUT_INVALID.error(param="customer", rule=rule)


def _build_line(sandbox: Sandbox, path: str, cart_item: CartItem) -> Line:
    """Return the line to store; a missing name or price comes from the inventory item.

    Observed: an item instead of name and price. Inferred: an unknown item in addition to name and
    price is accepted, and the merchant's default taxes do not apply.
    """
    item = sandbox.items.get(cart_item.itemRefUuid or "")
    name, price = cart_item.name, cart_item.price
    if item is not None:
        name, price = name or item.asked.name, item.asked.price if price is None else price
    if not name or price is None:
        if cart_item.itemRefUuid:
            rule = f"{path}.itemRefUuid is no item of the inventory; it needs name and price"
            raise CHECKOUT_INVALID.error(param=f"{path}.itemRefUuid", rule=rule)
        missing = "price" if name else "name"
        raise CHECKOUT_LINE_INCOMPLETE.error(rule=f"{path}.{missing} is missing")
    if price < 0:
        rule = f"{path}.price is {minor_units_text(price)}; at least 0"
        raise CHECKOUT_PRICE_NEGATIVE.error(rule=rule)
    return Line(
        name=name,
        price=price,
        quantity=cart_item.unitQty,
        note=cart_item.note,
        taxes=tuple(
            _build_tax(f"{path}.taxRates[{index}]", tax)
            for index, tax in enumerate(cart_item.taxRates or ())
        ),
        item=cart_item.itemRefUuid,
    )


def _build_tax(path: str, tax: CartTax) -> TaxRate:
    if tax.rate is None:
        raise CHECKOUT_TAX_WITHOUT_RATE.error(rule=f"{path}.rate is missing")
    return TaxRate(name=tax.name, rate=tax.rate)


def _redirect_urls(sandbox: Sandbox, requested: RedirectUrls) -> RedirectUrls:
    """Return the redirect URLs of a session; dashboard URLs override them (documented)."""
    settings, urls = sandbox.settings.checkout, {}
    for name in RedirectUrls.__struct_fields__:
        url = getattr(requested, name)
        error = (
            redirect_url_error(url, allow_http_and_localhost=settings.redirects == "any")
            if url is not None
            else ""
        )
        if error:
            raise CHECKOUT_INVALID.error(
                param=f"redirectUrls.{name}",
                rule=f"redirectUrls.{name} {error}; to allow http and localhost, use "
                "`--checkout-redirects any` or set settings.checkout.redirects to any",
            )
        urls[name] = getattr(settings.dashboard, name) or url
    return RedirectUrls(**urls)


ENDPOINTS = (
    Endpoint(
        name="create_checkout",
        method="POST",
        path="/invoicingcheckoutservice/v1/checkouts",
        run=create_checkout,
        request=CheckoutRequest,
        response=CheckoutResponse,
        auth=bearer(requires_merchant_id=True),
        errors=(
            UNAUTHORIZED,
            CHECKOUT_CUSTOMER_MISSING,
            CHECKOUT_CART_DISCOUNTS,
            CHECKOUT_LINE_INCOMPLETE,
            CHECKOUT_PRICE_NEGATIVE,
            CHECKOUT_TAX_WITHOUT_RATE,
        ),
        about="Create a hosted checkout session; the customer pays on the page at `href`.",
        evidence=DOC,
    ),
)
