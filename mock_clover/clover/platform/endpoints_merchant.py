"""Endpoints for the merchant: address, gateway, properties and ecommerce capabilities."""

from mock_clover.clover.charges.records_surcharge import SURCHARGE_RATE_100_PERCENT
from mock_clover.clover.common.problems import UNAUTHORIZED
from mock_clover.clover.platform.http import platform_endpoint
from mock_clover.clover.platform.records import (
    Address,
    ExpandQuery,
    Gateway,
    MerchantResponse,
    Owner,
    PaymentConfigs,
    Properties,
    Reference,
    Supported,
    truncate_to_seconds,
)
from mock_clover.clover.platform.view import ResponseContext, response_context
from mock_clover.core.evidence import documented, inferred, observed
from mock_clover.core.money import MERCHANT_CURRENCY
from mock_clover.engine.endpoint import Call
from mock_clover.sandbox.people import generate_people, merchant_name
from mock_clover.sandbox.sandbox import Sandbox


def get_merchant(sandbox: Sandbox, call: Call[None, ExpandQuery]) -> MerchantResponse:
    """Get the merchant; `expand=address,owner,gateway` includes more."""
    context = response_context(sandbox, call)
    root = context.root
    owner = Owner(
        href=f"{root}/employees/{sandbox.credentials.employee_id}",
        id=sandbox.credentials.employee_id,
    )
    return MerchantResponse(
        href=root,
        id=sandbox.credentials.merchant_id,
        name=merchant_name(sandbox.seed),
        owner=_owner(context) if context.expands("owner") else owner,
        address=_address(context)
        if context.expands("address")
        else Address(href=f"{root}/address"),
        gateway=_gateway(context)
        if context.expands("gateway")
        else Gateway(href=f"{root}/gateway"),
        properties=(
            _properties(context)
            if context.expands("properties")
            else Properties(href=f"{root}/properties")
        ),
        items=Reference(href=f"{root}/items"),
        orders=Reference(href=f"{root}/orders"),
        payments=Reference(href=f"{root}/payments"),
        customers=Reference(href=f"{root}/customers"),
        taxRates=Reference(href=f"{root}/tax_rates"),
        tenders=Reference(href=f"{root}/tenders"),
        orderTypes=Reference(href=f"{root}/order_types"),
        createdTime=truncate_to_seconds(sandbox.created_ms),
    )


def get_address(sandbox: Sandbox, call: Call[None, None]) -> Address:
    """Get the merchant's address."""
    return _address(response_context(sandbox, call))


def get_gateway(sandbox: Sandbox, call: Call[None, None]) -> Gateway:
    """Get the gateway capabilities, including multi-pay tokens."""
    return _gateway(response_context(sandbox, call))


def get_properties(sandbox: Sandbox, call: Call[None, None]) -> Properties:
    """Get the merchant's settings, including its currency."""
    return _properties(response_context(sandbox, call))


def get_ecomm_payment_configs(sandbox: Sandbox, _call: Call[None, None]) -> PaymentConfigs:
    """Get the merchant's ecommerce capabilities; no token is required."""
    settings, rate = sandbox.settings, sandbox.settings.surcharge_rate
    return PaymentConfigs(
        surcharging=Supported(
            supported=rate is not None, rate=(rate or 0) / SURCHARGE_RATE_100_PERCENT
        ),
        purchase_card=Supported(supported=settings.purchase_cards),
        softDescriptors=Supported(supported=settings.soft_descriptors),
    )


def _owner(context: ResponseContext) -> Owner:
    credentials = context.sandbox.credentials
    person = next(generate_people(context.sandbox.seed, 1))
    return Owner(
        href=f"{context.root}/employees/{credentials.employee_id}",
        id=credentials.employee_id,
        name=f"{person.first_name} {person.last_name}",
        email=person.email,
        role="ADMIN",
        isOwner=True,
    )


def _address(context: ResponseContext) -> Address:
    return Address(
        href=f"{context.root}/address",
        address1="1 Sandbox Way",
        city="Sunnyvale",
        country="US",
        state="CA",
        zip="94085",
    )


def _gateway(context: ResponseContext) -> Gateway:
    return Gateway(
        href=f"{context.root}/gateway",
        accountName="Sandbox Test Merchant",
        paymentProcessorName="First Data",
        mid="SANDBOX",
        tokenType="TRANSARMOR",
        supportsTipping=True,
        supportsTipAdjust=True,
        supportsNakedCredit=True,
        supportsMultiPayToken=context.sandbox.settings.multi_pay_tokens,
        supportsPreauthOverage=True,
        newBatchCloseEnabled=True,
        production=False,
    )


def _properties(context: ResponseContext) -> Properties:
    return Properties(
        href=f"{context.root}/properties",
        defaultCurrency=MERCHANT_CURRENCY,
        timezone="America/Los_Angeles",
        locale="en-US",
        tipsEnabled=True,
        trackStock=False,
        updateStock=False,
        vat=False,
        merchantRef=Reference(id=context.sandbox.credentials.merchant_id),
    )


ENDPOINTS = (
    platform_endpoint(
        "GET",
        "",
        get_merchant,
        MerchantResponse,
        "read_merchant",
        documented("REF merchant; its fields are inferred"),
        query=ExpandQuery,
    ),
    platform_endpoint(
        "GET", "/address", get_address, Address, "read_merchant", documented("REF merchant")
    ),
    platform_endpoint(
        "GET", "/gateway", get_gateway, Gateway, "read_merchant", documented("MD:multi-pay tokens")
    ),
    platform_endpoint(
        "GET",
        "/properties",
        get_properties,
        Properties,
        "read_merchant",
        inferred("clover-mcp-server names some of the fields"),
    ),
    platform_endpoint(
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
