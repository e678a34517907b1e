"""Names that users and their tests rely on.

Adding one is fine: add it here, too. Renaming or removing one breaks users: do it only with an
entry in CHANGELOG.md.
"""

import asyncio
import re
from collections.abc import Iterable
from importlib import import_module
from typing import Literal, get_args, get_type_hints

import pytest

from mock_clover import testing
from mock_clover.cli import main
from mock_clover.clover.checkout.records_settings import CheckoutSettings
from mock_clover.clover.common.permissions import Permission
from mock_clover.clover.oauth.records import Consent
from mock_clover.clover.surface import OPERATIONS
from mock_clover.scenario.load import builtin_names
from mock_clover.scenario.records import Dialect, Settings
from mock_clover.scenario.records_fault import Fault
from mock_clover.testing import AsyncMockClover, MockClover, plugin
from mock_clover.testing.in_process import InProcessTransport
from mock_clover.testing.options import SandboxSettings
from tests.failure_messages import assert_names
from tests.in_process import CONTROL, InProcessServer

PUBLIC = {
    "operations": """
        authorize answer_consent exchange_token exchange_token_by_post authorize_v2
        answer_consent_v2 exchange_code refresh_tokens recover_tokens migrate_token
        get_api_key get_api_key_v1 get_keys create_token get_token create_charge
        capture_charge release_charge list_charges get_charge finalize_payment create_refund
        list_refunds get_refund cancel_refund create_customer update_customer revoke_card
        get_customer delete_customer create_order list_orders get_order pay_order return_order
        activate_gift_card gift_cards_activate reload_gift_card gift_cards_reload
        inquire_gift_card gift_cards_balance cash_out_gift_card gift_cards_cashout
        create_plan list_plans get_plan update_plan create_subscription list_subscriptions
        get_subscription update_subscription list_plan_subscriptions delete_subscription
        create_checkout platform_get_merchant
        platform_get_address platform_get_gateway platform_get_properties
        platform_get_ecomm_payment_configs platform_create_customer platform_list_customers
        platform_get_customer platform_update_customer platform_delete_customer
        platform_create_order platform_list_orders platform_get_order platform_update_order
        platform_delete_order platform_list_order_payments platform_create_atomic_order
        platform_check_out_atomic_order platform_create_line_items platform_get_line_item
        platform_update_line_item platform_delete_line_item platform_delete_line_items
        platform_list_order_discounts platform_create_order_discount
        platform_delete_order_discount platform_create_line_discount
        platform_delete_line_discount platform_create_modification
        platform_delete_modification platform_create_service_charge
        platform_delete_service_charge
        platform_create_line_item platform_list_line_items platform_list_payments
        platform_get_payment platform_list_refunds platform_create_item platform_list_items
        platform_get_item platform_create_tax_rate platform_list_tax_rates
        platform_get_tax_rate platform_create_order_type platform_list_order_types
        platform_list_tenders platform_create_tender platform_record_payment
        platform_create_refund platform_get_refund platform_create_print_event
        platform_update_item platform_put_item platform_delete_item platform_update_item_stock
        platform_put_item_stock platform_delete_tax_rate platform_change_tax_rate_items
        platform_list_tax_rate_items platform_list_item_tax_rates
        platform_list_items_of_tax_rate platform_create_customer_address
        platform_create_customer_phone_number platform_create_customer_email_address
        platform_delete_customer_contact platform_create_customer_card
        platform_list_rows platform_get_row platform_list_nested_rows platform_get_object
    """,
    "control endpoints": """
        root livez readyz healthz health openapi audit journal ledger verify get_exchange
        replay_exchange
        count_rows list_rows get_row list_notices get_clock put_clock add_fault list_faults
        clear_faults delete_fault post_capsule get_scenario put_scenario post_scenario why
        list_scenarios
        get_shipped_scenario get_scenario_text check_scenario get_env get_authority
        put_sandbox get_sandbox delete_sandbox list_sandboxes fork get_snapshot put_snapshot
        list_threeds resolve_threeds threeds_method threeds_method threeds_notification
        threeds_notification threeds_challenge threeds_challenge threeds_status
        threeds_answer put_webhook list_webhooks clear_webhooks delete_webhook
        verify_webhook send_webhook list_deliveries resend_delivery list_checkouts
        get_checkout pay_checkout cancel_checkout checkout_page checkout_submit
        list_activity list_clock_moves arm_next list_next clear_next disarm_next send_request
        get_payment
    """,
    "control paths": """
        / /_mock/activity /3ds/challenge/{transaction} /3ds/challenge/{transaction}/answer
        /3ds/challenge/{transaction}/status /3ds/method/{transaction}
        /3ds/notification/{transaction} /_mock/audit /_mock/ca.pem /_mock/checkouts
        /_mock/checkouts/{id} /_mock/checkouts/{id}/cancel /_mock/checkouts/{id}/pay /_mock/clock
        /_mock/clock/moves /_mock/capsule
        /_mock/deliveries /_mock/deliveries/{id}/resend /_mock/env /_mock/faults
        /_mock/faults/{id} /_mock/fork /_mock/health /_mock/journal /_mock/journal/{id}
        /_mock/journal/{id}/replay /_mock/ledger /_mock/next /_mock/next/{id} /_mock/notices
        /_mock/openapi.json /_mock/rows /_mock/payments/{id}
        /_mock/rows/{kind} /_mock/rows/{kind}/{id} /_mock/sandboxes /_mock/sandboxes/{name}
        /_mock/scenario /_mock/scenario/check /_mock/scenario/text /_mock/scenarios
        /_mock/scenarios/{name} /_mock/send /_mock/snapshot /_mock/threeds
        /_mock/threeds/{charge_id}
        /_mock/verify /_mock/webhooks /_mock/webhooks/send /_mock/webhooks/{id}
        /_mock/webhooks/{id}/verify /_mock/why /healthz /livez
        /pay-checkout/{id} /readyz
    """,
    "faults": """
        delay problem drop hang truncate garbage dribble
    """,
    "built-in scenarios": """
        avs-and-cvc card-on-file declines expired-token flaky-network lost-replies
        phantom-decline rate-limited sandbox velocity
    """,
    "commands": """
        cards check conformance env errors evidence health journal mcp next openapi routes
        scenarios schema serve tls-setup token sweep audit replay
    """,
    "options of serve": """
        --checkout-redirects --control --control-host --control-token --control-token-file --corp
        --dialect --host --key-file --listed-cards-only --log-format --no-strict --port --port-file
        --replica --scenario --seed --strict --tls --tls-folder --tls-name --tls-port
        --tls-port-file --watch --webhook-host
    """,
    "fixture": """
        audit cancel_checkout card_token charges checkouts clear_faults clear_next confirm_webhook
        create capsule
        deliveries drop env fault fork journal merchant next notices orders pay_checkout refunds
        restore scenario send_webhook snapshot unused_faults verify webhook why
    """,
    "names for tests": """
        AsyncClock AsyncMockClover Clock Decline MockClover MockCloverApp MockCloverError
        MockCloverFactory declines serve serve_async
    """,
    "fixtures": """
        mock_clover mock_clover_app mock_clover_factory
    """,
}


@pytest.fixture
def names() -> dict[str, list[str]]:
    """Return the names of today, grouped like PUBLIC."""
    serve = main.commands["serve"]
    return {
        "operations": [*OPERATIONS],
        "control endpoints": [endpoint.name for endpoint in CONTROL],
        "control paths": [endpoint.path for endpoint in CONTROL],
        "faults": [*get_args(get_type_hints(Fault)["kind"])],
        "built-in scenarios": [*builtin_names()],
        "commands": [*main.commands],
        "options of serve": [
            name for option in serve.params for name in option.opts if name.startswith("--")
        ],
        "names for tests": testing.__all__,
        "fixtures": [name for name in vars(plugin) if name.startswith("mock_clover")],
        "fixture": _public(dir(MockClover)),
    }


@pytest.mark.parametrize(
    "name", ["mock_clover.ScenarioError", "mock_clover.testing.MockCloverError"]
)
def test_an_error_is_shown_by_its_public_name(name: str) -> None:
    """The line of pytest's summary begins with it."""
    module, _, own = name.rpartition(".")
    error = getattr(import_module(module), own)
    assert f"{error.__module__}.{error.__qualname__}" == name


def _public(names: Iterable[str]) -> list[str]:
    return [name for name in names if not name.startswith("_")]


@pytest.mark.parametrize("group", PUBLIC)
def test_public_names_stay(names: dict[str, list[str]], group: str) -> None:
    assert_names(
        PUBLIC[group].split(),
        names[group],
        f"the {group} of tests/test_public_names.py",
        "mock_clover",
    )


def test_the_awaitable_handle_has_the_names_of_the_handle(server: InProcessServer) -> None:
    handle = MockClover.create(InProcessTransport(server.app), "default", {})

    async def make() -> AsyncMockClover:
        return AsyncMockClover(handle)

    awaitable = asyncio.run(make())
    for mine, theirs in ((awaitable, handle), (awaitable.clock, handle.clock)):
        names = {*dir(mine), *get_type_hints(type(mine))} - {"sync"}
        assert_names(
            _public(names),
            _public({*dir(theirs)} - {"create", "on_fork", "transport"}),
            *(type(each).__name__ for each in (mine, theirs)),
        )


def test_the_settings_of_a_sandbox_are_typed_arguments() -> None:
    """They have the names and types of the settings of a scenario; `checkout` is a dict."""
    types = {"Permission": Permission, "Consent": Consent, "Dialect": Dialect, "Literal": Literal}
    arguments = get_type_hints(SandboxSettings, localns=types) | {"checkout": CheckoutSettings}
    of_scenario = get_type_hints(Settings)
    assert {name: str(each) for name, each in arguments.items()} == {
        name: re.sub(r"tuple\[(.*), \.\.\.\]", r"collections.abc.Sequence[\1]", str(each)).replace(
            "typing.Optional[int]", "int | None"
        )
        for name, each in of_scenario.items()
    }
