"""Endpoints for the merchant: address, gateway, properties and ecommerce capabilities."""

from mock_clover.clover.charges.records_surcharge import SURCHARGE_RATE_WHOLE
from mock_clover.clover.common.problems import UNAUTHORIZED
from mock_clover.clover.platform.http import PLATFORM
from mock_clover.clover.platform.problems import PLATFORM_INVALID_QUERY
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
from mock_clover.engine.endpoint import NO_AUTH, Call, Endpoint, bearer
from mock_clover.sandbox.people import merchant_name, people
from mock_clover.sandbox.sandbox import Sandbox

CURRENCY = "USD"
_ROOT = "/v3/merchants/{merchant_id}"


def get_merchant(sandbox: Sandbox, call: Call[None, ExpandQuery]) -> MerchantAnswer:
    """Return the merchant."""
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
        createdTime=seconds(sandbox.made_ms),
    )


def get_address(sandbox: Sandbox, call: Call[None, None]) -> Address:
    """Return the merchant's address."""
    return _address(view_of(sandbox, call))


def get_gateway(sandbox: Sandbox, call: Call[None, None]) -> Gateway:
    """Return the capabilities of the merchant's gateway."""
    return _gateway(view_of(sandbox, call))


def get_properties(sandbox: Sandbox, call: Call[None, None]) -> Properties:
    """Return the merchant's settings."""
    return _properties(view_of(sandbox, call))


def get_payment_configs(sandbox: Sandbox, _call: Call[None, None]) -> PaymentConfigs:
    """Return the merchant's ecommerce capabilities; no token is required."""
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
    Endpoint(
        name="platform_get_merchant",
        method="GET",
        path=_ROOT,
        auth=bearer("read_merchant"),
        run=get_merchant,
        query=ExpandQuery,
        response=MerchantAnswer,
        surface=PLATFORM,
        errors=(PLATFORM_INVALID_QUERY,),
        about="Get the merchant; `expand=address,owner,gateway` includes more.",
        fact=documented("REF merchant; its members are inferred"),
    ),
    Endpoint(
        name="platform_get_address",
        method="GET",
        path=f"{_ROOT}/address",
        auth=bearer("read_merchant"),
        run=get_address,
        response=Address,
        surface=PLATFORM,
        about="Get the merchant's address.",
        fact=documented("REF merchant"),
    ),
    Endpoint(
        name="platform_get_gateway",
        method="GET",
        path=f"{_ROOT}/gateway",
        auth=bearer("read_merchant"),
        run=get_gateway,
        response=Gateway,
        surface=PLATFORM,
        about="Get the gateway capabilities, including multi-pay tokens.",
        fact=documented("MD:multi-pay tokens"),
    ),
    Endpoint(
        name="platform_get_properties",
        method="GET",
        path=f"{_ROOT}/properties",
        auth=bearer("read_merchant"),
        run=get_properties,
        response=Properties,
        surface=PLATFORM,
        about="Get the merchant's settings, including its currency.",
        fact=inferred("clover-mcp-server names some of the members"),
    ),
    Endpoint(
        name="platform_get_ecomm_payment_configs",
        method="GET",
        path=f"{_ROOT}/ecomm_payment_configs",
        run=get_payment_configs,
        response=PaymentConfigs,
        surface=PLATFORM,
        auth=NO_AUTH,
        cross_origin=True,
        errors=(UNAUTHORIZED,),
        about="Get the merchant's ecommerce capabilities; no token is required.",
        fact=observed("WOO: without a token; a 401 means that the merchant id is wrong"),
    ),
)
