"""Endpoints for the merchant: address, gateway, properties and ecommerce capabilities."""

from mock_clover.clover.charges.records_surcharge import SURCHARGE_RATE_WHOLE
from mock_clover.clover.common.problems import UNAUTHORIZED
from mock_clover.clover.platform.http import platform
from mock_clover.clover.platform.records import (
    Address,
    ExpandQuery,
    Gateway,
    MerchantAnswer,
    Owner,
    PaymentConfigs,
    Properties,
    Reference,
    Supported,
    seconds,
)
from mock_clover.clover.platform.view import View, view_of
from mock_clover.core.evidence import documented, inferred, observed
from mock_clover.engine.endpoint import Call
from mock_clover.sandbox.people import merchant_name, people
from mock_clover.sandbox.sandbox import Sandbox

CURRENCY = "USD"


def get_merchant(sandbox: Sandbox, call: Call[None, ExpandQuery]) -> MerchantAnswer:
    """Get the merchant; `expand=address,owner,gateway` includes more."""
    view = view_of(sandbox, call)
    root = view.root
    owner = Owner(
        href=f"{root}/employees/{sandbox.credentials.employee_id}",
        id=sandbox.credentials.employee_id,
    )
    return MerchantAnswer(
        href=root,
        id=sandbox.credentials.merchant_id,
        name=merchant_name(sandbox.seed),
        owner=_owner(view) if view.wants("owner") else owner,
        address=_address(view) if view.wants("address") else Address(href=f"{root}/address"),
        gateway=_gateway(view) if view.wants("gateway") else Gateway(href=f"{root}/gateway"),
        properties=(
            _properties(view) if view.wants("properties") else Properties(href=f"{root}/properties")
        ),
        items=Reference(href=f"{root}/items"),
        orders=Reference(href=f"{root}/orders"),
        payments=Reference(href=f"{root}/payments"),
        customers=Reference(href=f"{root}/customers"),
        taxRates=Reference(href=f"{root}/tax_rates"),
        tenders=Reference(href=f"{root}/tenders"),
        orderTypes=Reference(href=f"{root}/order_types"),
        createdTime=seconds(sandbox.created_ms),
    )


def get_address(sandbox: Sandbox, call: Call[None, None]) -> Address:
    """Get the merchant's address."""
    return _address(view_of(sandbox, call))


def get_gateway(sandbox: Sandbox, call: Call[None, None]) -> Gateway:
    """Get the gateway capabilities, including multi-pay tokens."""
    return _gateway(view_of(sandbox, call))


def get_properties(sandbox: Sandbox, call: Call[None, None]) -> Properties:
    """Get the merchant's settings, including its currency."""
    return _properties(view_of(sandbox, call))


def get_ecomm_payment_configs(sandbox: Sandbox, _call: Call[None, None]) -> PaymentConfigs:
    """Get the merchant's ecommerce capabilities; no token is required."""
    settings, rate = sandbox.settings, sandbox.settings.surcharge_rate
    return PaymentConfigs(
        surcharging=Supported(supported=rate is not None, rate=(rate or 0) / SURCHARGE_RATE_WHOLE),
        purchase_card=Supported(supported=settings.purchase_cards),
        softDescriptors=Supported(supported=settings.soft_descriptors),
    )


def _owner(view: View) -> Owner:
    credentials = view.sandbox.credentials
    person = next(people(view.sandbox.seed, 1))
    return Owner(
        href=f"{view.root}/employees/{credentials.employee_id}",
        id=credentials.employee_id,
        name=f"{person.first_name} {person.last_name}",
        email=person.email,
        role="ADMIN",
        isOwner=True,
    )


def _address(view: View) -> Address:
    return Address(
        href=f"{view.root}/address",
        address1="1 Sandbox Way",
        city="Sunnyvale",
        country="US",
        state="CA",
        zip="94085",
    )


def _gateway(view: View) -> Gateway:
    return Gateway(
        href=f"{view.root}/gateway",
        accountName="Sandbox Test Merchant",
        paymentProcessorName="First Data",
        mid="SANDBOX",
        tokenType="TRANSARMOR",
        supportsTipping=True,
        supportsTipAdjust=True,
        supportsNakedCredit=True,
        supportsMultiPayToken=True,
        supportsPreauthOverage=True,
        newBatchCloseEnabled=True,
        production=False,
    )


def _properties(view: View) -> Properties:
    return Properties(
        href=f"{view.root}/properties",
        defaultCurrency=CURRENCY,
        timezone="America/Los_Angeles",
        locale="en-US",
        tipsEnabled=True,
        trackStock=False,
        updateStock=False,
        vat=False,
        merchantRef=Reference(id=view.sandbox.credentials.merchant_id),
    )


ENDPOINTS = (
    platform(
        "GET",
        "",
        get_merchant,
        MerchantAnswer,
        "read_merchant",
        documented("REF merchant; its members are inferred"),
        query=ExpandQuery,
    ),
    platform("GET", "/address", get_address, Address, "read_merchant", documented("REF merchant")),
    platform(
        "GET", "/gateway", get_gateway, Gateway, "read_merchant", documented("MD:multi-pay tokens")
    ),
    platform(
        "GET",
        "/properties",
        get_properties,
        Properties,
        "read_merchant",
        inferred("clover-mcp-server names some of the members"),
    ),
    platform(
        "GET",
        "/ecomm_payment_configs",
        get_ecomm_payment_configs,
        PaymentConfigs,
        None,
        observed("WOO: without a token; a 401 means that the merchant id is wrong"),
        cross_origin=True,
        errors=(UNAUTHORIZED,),
    ),
)
