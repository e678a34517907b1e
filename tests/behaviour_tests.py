"""Which test exercises which behaviour, and which tests show which known difference.

A behaviour that decides a response is in its evidence: a response of its test must have it there,
in each case of a parametrized test. `exercised_by` checks it after the test. `NOT_IN_EVIDENCE`
has the behaviours that decide no response, with the reason. For these
`tests/reference/test_fidelity.py` checks only that the test exists.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from mock_clover.clover.common.behaviours import BEHAVIOURS
from mock_clover.clover.common.verdict import Approval, Decline
from mock_clover.engine.evidence import EvidencePart
from mock_clover.engine.overrides import Override

_BASIS = "basis::each_behaviour_is_named_by_a_response_that_it_decides"
TEST_OF_BEHAVIOUR = {
    "CHECKOUT_LIFETIME": "checkout::a_session_lasts_fifteen_minutes",
    "CHECKOUT_IS_NOT_RETRIEVABLE": "checkout_errors::get_session_returns_404",
    "CHECKOUT_AMOUNT": "checkout::the_amount_is_the_sum_of_the_lines_and_their_taxes",
    "CHECKOUT_REDIRECTS": "checkout::redirects_after_decline_and_payment",
    "CHECKOUT_CREATES_ORDER": "checkout::a_decline_and_then_another_card",
    "CHECKOUT_ALLOWS_RETRY": "checkout_page::a_decline_is_told_and_another_card_pays",
    "CHECKOUT_TIP": "checkout_form::a_tip_reaches_charge_order_payment_webhook_and_customer",
    "CANCELLED_CHECKOUT_CANNOT_BE_PAID": (
        "checkout_page::a_session_that_is_over_is_neither_paid_nor_cancelled"
    ),
    "CHECKOUT_WEBHOOK_EVENTS": "checkout::nothing_else_is_announced",
    "CHECKOUT_TIMES_ARE_TEXT": "checkout::a_session_lasts_fifteen_minutes",
    "CHECKOUT_WEBHOOK_HAS_SESSION_ID": "checkout::a_payment_webhook_has_data_by_dialect_or_setting",
    "CHECKOUT_SECRET_PREFIX": (
        "webhooks::a_generated_signing_secret_of_the_hosted_checkout_has_its_prefix"
    ),
    "UNKNOWN_PATH": "unknown_paths::unknown_paths_by_host",
    "WRONG_METHOD": "unknown_paths::unknown_paths_by_host",
    "OPERATION_NOT_SERVED": "unknown_paths::unknown_paths_by_host",
    "BRAND_FROM_NUMBER": "payments::the_brand_is_read_off_the_number_plain_or_encrypted",
    "DEACTIVATED_KEY_IS_REJECTED": "customers::a_deactivated_api_key",
    "TOKEN_HAS_INTEGRATION_TYPE": "customers::a_token_is_for_one_type_of_integration",
    "MULTI_PAY_TOKENS_ARE_ENABLED": "customers::a_gateway_without_multi_pay_tokens",
    "PRODUCTION_KEY_IS_ACCEPTED": "instruments::a_card_is_encrypted_under_the_production_key",
    "TOKENIZATION_SKIPS_CHECKS": "fidelity::a_token_is_not_checked_with_its_issuer",
    "ORDER_OF_CARD_CHECKS": "fidelity::first_validation_error_is_reported",
    "TOKEN_VALID_UNTIL_CARD_EXPIRES": "fidelity::unused_token_does_not_expire",
    "TOKEN_PAYS_ONCE": "fidelity::single_pay_and_multi_pay_tokens",
    "DECLINE_CONSUMES_TOKEN": _BASIS,
    "TRANSARMOR_TOKEN_IS_REUSABLE": (
        "instruments::a_transarmor_token_gives_a_token_that_pays_more_than_once"
    ),
    "WALLET_IS_APPROVED": _BASIS,
    "LISTED_CARD": "payments::declined_charge_is_stored_and_named_in_error",
    "SCENARIO_RULE": "rules::a_decline_by_amount_is_that_of_an_order_too",
    "REQUESTED_OUTCOME": "rules::every_problem_of_the_catalogue_can_be_asked_for",
    "UNLISTED_CARD_APPROVED": "payments::an_unlisted_card_is_approved_and_the_reason_says_so",
    "EXPIRED_CARD_DECLINED": "rules::a_card_expires_by_the_clock",
    "SAVED_TOKEN_REQUIRES_STORED_CREDENTIALS": (
        "payments::a_saved_cards_token_needs_stored_credentials"
    ),
    "CUSTOMER_ID_NEEDS_NO_STORED_CREDENTIALS": "fidelity::the_newest_of_several_saved_cards_pays",
    "NEWEST_CARD_IS_CHARGED": "fidelity::the_newest_of_several_saved_cards_pays",
    "FIRST_WITH_INTENT_SAVES_CARD": "card_on_file::an_intent_with_first_makes_a_token_multi_pay",
    "SUBSEQUENT_WITHOUT_FIRST_WARNS": "card_on_file::subsequent_without_first_gives_warning",
    "AUTHORIZATION_IS_UNPAID": "payments::an_authorization_is_unpaid_until_its_capture",
    "CREATED_CHARGE_OMITS_ORDER": "payments::an_authorization_is_unpaid_until_its_capture",
    "TIMES_ARE_ROUNDED": "payments::an_authorization_is_unpaid_until_its_capture",
    "CURRENCY_IS_UPPER_CASE": "payments::the_currency_is_echoed_as_set",
    "CHECKS_NEED_DATA": "payments::checks_are_returned_only_with_data",
    "CHECKS_DECLINE_NOTHING": "rules::avs_and_cvc_checks_by_card",
    "AUTHORIZATION_LIFETIME": _BASIS,
    "AUTHORIZATION_LIFETIME_OTHER_BRANDS": _BASIS,
    "CAPTURE_WITHIN_AUTHORIZATION": "captures::shipments_release_and_refunds_in_every_order",
    "SPLIT_SHIPMENT": "captures::shipments_release_and_refunds_in_every_order",
    "SPLIT_TOTALS_ARE_CUMULATIVE": "captures::shipments_release_and_refunds_in_every_order",
    "PARTIAL_CAPTURE_RETURNS_ITS_AMOUNT": "captures::whole_replies_of_a_split_shipment",
    "PLAIN_CAPTURE_IS_FINAL": "captures::shipments_release_and_refunds_in_every_order",
    "RELEASE_OF_ANY_PART": "captures::shipments_release_and_refunds_in_every_order",
    "SPLIT_REST_EXPIRES": _BASIS,
    "CHARGE_CREATES_ORDER": "payments::a_charge_makes_its_order",
    "UNKNOWN_FIELDS_IGNORED": "journal_calls::journal_lists_ignored_fields",
    "FORWARDED_FOR_OPTIONAL": "payments::requests_of_real_clients_are_accepted",
    "DECLINE_IS_402": "payments::declined_charge_is_stored_and_named_in_error",
    "PLAIN_DECLINE_MESSAGE": "payments::declined_charge_is_stored_and_named_in_error",
    "DECLINE_REASONS": "rules::every_decline_by_every_trigger",
    "FAILED_CHARGE_IS_RETRIEVABLE": "payments::declined_charge_is_stored_and_named_in_error",
    "ERRORS_AS_RECORDED": ("problems::error_in_observed_dialect"),
    "REFUND_OF_AUTHORIZATION_VOIDS": "payments::a_voided_authorization_cannot_be_captured",
    "REFUND_REASON_IS_FREE": _BASIS,
    "REFUND_OF_ORDER_PAYMENT": _BASIS,
    "REFUND_LIMIT": _BASIS,
    "ZERO_AUTHORIZATION_CHECKS_CARD": _BASIS,
    "ZERO_SALE_IS_APPROVED": _BASIS,
    "REFUND_SUCCEEDS_IMMEDIATELY": "payments::refund_type",
    "RETRY_IS_IDEMPOTENT": "idempotency::key_charges_once_in_any_order",
    "IDEMPOTENCY_REPLAY": "idempotency::a_decline_is_replayed_too",
    "IDEMPOTENCY_SCOPE": "idempotency::the_same_key_on_another_path_is_refused",
    "REJECTED_REQUEST_DOES_NOT_CONSUME_KEY": "idempotency::rejected_request_does_not_use_key",
    "KEY_NEED_NOT_BE_UUID": "idempotency::any_key_and_header_case",
    "CURSOR_INCLUDES_ITS_OBJECT": "pagination::a_page_of_charges",
    "NEWEST_FIRST": "pagination::a_page_of_charges",
    "HAS_MORE_ONLY_IF_TRUE": "pagination::a_page_of_charges",
    "DATES_ARE_UTC": _BASIS,
    "SAVED_TOKEN_IS_MULTIPAY": "payments::a_saved_cards_token_needs_stored_credentials",
    "SAVED_CARD_IS_VERIFIED": _BASIS,
    "NAMES_ARE_BLANK": "customers::responses_have_what_was_sent",
    "CUSTOMER_UPDATE_NEEDS_EMAIL": (
        "customers::an_update_needs_the_email_unless_a_setting_says_otherwise"
    ),
    "REVOKED_CARD_CANNOT_BE_CHARGED": _BASIS,
    "AMOUNT_IS_UNIT_PRICE": "payments::order_totals_are_unit_prices_times_quantities_and_taxes",
    "TAX_IS_ROUNDED_HALF_UP": "fidelity::half_a_cent_of_tax_is_rounded_up",
    "ORDER_HAS_NO_STATUS": "orders::declined_partial_payment_is_not_listed",
    "SPLIT_PAYMENT": "payments::an_order_is_paid_in_two_parts",
    "RETURN_CREATES_REFUNDS": "orders::return_refunds_newest_charge_first",
    "RETURN_REFUNDS_TIP": "orders::tip_refund_is_configurable",
    "CHARGE_IS_PAYMENT": "platform::a_charge_is_a_payment_by_the_same_id",
    "VOID_IS_NOT_A_REFUND": "platform::refund_has_same_id_and_void_is_not_a_refund",
    "CUSTOM_ORDER_TOTAL": "platform::a_custom_orders_own_total_is_what_is_to_be_paid",
    "UNKNOWN_EXPANSION_IGNORED": "platform::unknown_expansions_are_ignored",
    "COLLECTION_IS_EMPTY": "platform_collections::collections_without_rows_are_empty",
    "UNIT_QTY_BELOW_A_UNIT": "platform_carts::unit_qty",
    "ADJUSTED_TOTALS": "platform_carts::totals",
    "PAID_ORDER_IS_CHANGED": "platform_carts::lines_keep_their_ids",
    "CARDS_OF_NEW_CUSTOMER": "platform_writes::cards_of_a_new_customer_pay_later",
    "PAID_ORDER_KEEPS_TOTAL": "platform_carts::a_paid_order_keeps_its_total",
    "OTHER_MERCHANT_IS_401": _BASIS,
    "TAX_RATE_BY_ID": _BASIS,
    "SUBSCRIPTION_KEEPS_PLAN_AMOUNT": (
        "recurring::a_subscription_takes_its_plans_amount_and_keeps_it"
    ),
    "MONTHS_ARE_CALENDAR_MONTHS": (
        "recurring::months_are_calendar_months_and_a_missing_day_is_the_last_one"
    ),
    "FIVE_FAILURES_END_SUBSCRIPTION": (
        "recurring::after_five_failed_payments_a_subscription_is_deactivated"
    ),
    "FAILED_PAYMENT_IS_RETRIED": ("recurring::failed_payment_is_retried_daily"),
    "UPCOMING_CHARGE_NOTICE": ("notices::upcoming_charge_and_renewal_notices"),
    "CONSENT_IS_AUTOMATIC": "oauth_v2::redirect_has_merchant_and_state",
    "CONSENT_PAGE": "consent::page_shows_app_merchant_and_permissions",
    "CONSENT_DENIED": "consent::deny_sends_the_browser_back_with_an_error_and_the_state",
    "CODE_LIFETIME": _BASIS,
    "LEGACY_TOKEN_LIFETIME": "rules::a_bearer_token_expires_by_the_clock",
    "ACCESS_TOKEN_LIFETIME": "oauth_v2::an_access_token_opens_every_call_until_it_expires",
    "REFRESH_TOKEN_WORKS_ONCE": "oauth_v2::refresh_token_is_single_use",
    "OLD_ACCESS_TOKENS_STAY_VALID": "oauth_v2::older_access_tokens_live_on_after_a_refresh",
    "REFRESH_TOKENS_ARE_LIMITED": ("oauth_v2::refresh_tokens_are_limited"),
    "LOST_TOKEN_IS_RECOVERED": "oauth_v2::recovery_replaces_lost_tokens",
    "ACCESS_TOKEN_SIGNATURE": "oauth_v2::a_jwt_library_decodes_it_under_the_apps_secret",
    "PERMISSIONS_PER_REQUEST": "oauth_v2::a_call_needs_each_of_its_permissions_and_no_other",
    "ONE_HOST": "oauth_v2::every_step_is_taken_on_every_host",
    "STRICT_REFUSAL": "evidence::a_strict_refusal_is_inferred_and_not_replaced",
    "SDK_ONLY_OPERATIONS_ARE_SUPPORTED": "payments::extensions_answer_by_default",
    "FLOW_BY_CARD": "threeds::another_amount_is_frictionless",
    "PENDING_CHARGE_IS_RETRIEVABLE": "threeds::challenged_charge_is_pending_until_finalized",
    "FLOW_STATUS_DECIDES": "threeds::flow_status_decides_without_issuer_result",
    "THREEDS_LIFETIME": _BASIS,
    "SDK_EVENTS_CONTAIN_ALL_FIELDS": "sdk_fields::every_event_carries_every_mounted_field",
    "SDK_ERROR_AFTER_TOUCH": "sdk_fields::every_event_carries_every_mounted_field",
    "SDK_FIELD_CHECKS": "sdk_fields::typed_values_are_formatted_and_validated",
    "SDK_STYLES_BY_SELECTOR": "sdk_pages::styles_reach_the_frames_by_clovers_selectors",
    "SDK_LAST_MOUNTED_FIELD_WINS": ("sdk_pages::remounting_replaces_the_field"),
    "SDK_COMBINED_CARD": "sdk_fields::combined_card_field",
    "SDK_ACH_FORM": "sdk_ach::bank_account_is_tokenized_and_charged",
    "SDK_FOOTER": "sdk_fields::the_footer_comes_once_and_goes_as_the_options_say",
    "SDK_CORP": "sdk_pages::page_that_requires_corp_needs_the_option",
    "SDK_TOKEN_ERRORS": "sdk_fields::invalid_fields_are_reported_by_name",
    "SDK_TOKEN_REJECTIONS": "sdk_fields::server_errors_become_field_errors_or_rejections",
    "SDK_TOKEN_SENT_PLAIN": "sdk_fields::a_token_is_made_and_the_shop_charges_it",
    "SDK_GOOGLE_PAY": "sdk_wallets::google_pay_gives_the_shop_a_token",
    "SDK_APPLE_PAY": "sdk_wallets::a_session_of_apple_pay_ends_after_30_seconds",
    "SDK_APPLE_PAY_AUTHORIZE": ("sdk_wallets::apple_pay_tells_the_window_and_waits_for_the_shop"),
    "SDK_WALLET_STATUS": "sdk_wallets::apple_pay_tells_the_window_and_waits_for_the_shop",
    "SDK_EVENT_TARGET": "threeds_sdk::each_flow_goes_from_its_charge_to_its_end",
    "SDK_STATUS": "threeds_sdk::a_bank_has_other_answers",
    "SDK_METHOD_WAITS": "threeds_sdk::method_timeout_is_unavailable",
    "SDK_CANCEL_FAILS_AUTHENTICATION": "threeds_sdk::cancelling_challenge_rejects_payment",
    "SURCHARGE_IS_SEPARATE": "charges::surcharge_matches_clovers_sample",
    "PURCHASE_DATA_ACCEPTED": "charges::warning_without_merchant_support",
    "DESCRIPTOR_ACCEPTED": "charges::warning_without_merchant_support",
    "VOID_WINDOW": _BASIS,
    "VOID_HAS_REFUND_TYPE_AUTH": "charges::a_refund_within_25_minutes_is_a_void",
    "TENDER_NEEDS_NO_AUTHORIZATION": "charges::an_alternate_tender_pays_without_a_network",
    "EXPAND_NESTS_OBJECTS": "charges::customer_and_order_are_expanded",
    "EXTERNAL_AUTHENTICATION": "threeds::external_authentication_is_accepted_unchanged",
    "NEW_GIFT_CARD_BALANCE": ("gift_cards::balance_of_unactivated_card_setting"),
    "LOW_BALANCE_NEVER_DECLINES": "gift_cards::insufficient_balance_is_charged_partially",
    "GIFT_CARD_LIFETIME": "gift_cards::a_card_expires_by_the_sandboxs_clock",
    "CASHOUT_LEAVES_LOCKS": "gift_cards::a_cashout_pays_all_that_is_not_locked",
    "DEBIT_IS_PENDING": "instruments::a_debit_is_pending_until_it_settles",
    "DEBIT_IS_APPROVED": "instruments::a_debit_can_be_refunded_and_declined",
    "EVENTS_OF_A_PAYMENT": "webhooks::events_are_sent_in_order",
    "WEBHOOK_AUTH": "webhooks::platform_target_gets_events_after_verification",
    "WEBHOOK_SIGNATURE": ("webhooks::a_hosted_checkout_event_is_signed_over_its_time_and_raw_body"),
    "WEBHOOK_RETRIES": "webhooks::failed_delivery_is_retried_on_schedule",
    "RATE_LIMITS": "rules::seventeenth_request_in_a_second_gets_429",
    "RATE_LIMIT_WINDOWS": _BASIS,
}
"""File and name of the test, each without `test_`."""
DIFFERENCES = {
    "issuers": ("rules::every_decline_by_every_trigger",),
    "address": ("known_differences::one_address_serves_all_hosts_and_https_is_off",),
    "keys": ("known_differences::number_encrypted_with_another_key_is_rejected",),
    "language": ("known_differences::errors_are_in_english",),
    "response headers": (
        "known_differences::additional_response_headers",
        "known_differences::only_rate_limit_headers_of_clover_are_sent",
    ),
    "limits": (
        "sockets::oversized_body_is_read_and_rejected",
        "problems::full_sandbox_rejects_new_rows",
    ),
    "rate limits": ("known_differences::rate_limits_are_off_by_default",),
    "velocity": ("known_differences::many_payments_of_one_card_and_address_are_approved",),
    "fields that are never returned": (
        "known_differences::some_documented_members_are_never_returned",
    ),
    "level 2 and 3": (
        "charges::descriptors_and_purchase_data_are_passed_through",
        "known_differences::level_2_data_has_no_other_effect",
    ),
    "list of refunds": ("pagination::refunds_of_a_charge",),
    "hosted checkout": (
        "checkout_page::the_page_shows_cart_tax_and_total",
        "known_differences::checkout_requests_no_threeds",
    ),
    "3-D Secure": ("threeds_sdk::a_page_opens_where_the_script_came_from",),
    "receipts": ("known_differences::no_receipt_is_sent",),
}
"""By known difference, the tests that show it, in the same form."""
NOT_IN_EVIDENCE: dict[str, tuple[str, ...]] = {
    "the form of a reply: its fields, texts, order and signatures": (
        *("ACCESS_TOKEN_SIGNATURE", "AUTHORIZATION_IS_UNPAID", "BRAND_FROM_NUMBER"),
        *("CHARGE_CREATES_ORDER", "CHARGE_IS_PAYMENT", "CHECKS_NEED_DATA"),
        *("CHECKOUT_TIMES_ARE_TEXT", "CREATED_CHARGE_OMITS_ORDER", "CURRENCY_IS_UPPER_CASE"),
        *("CURSOR_INCLUDES_ITS_OBJECT", "CUSTOM_ORDER_TOTAL", "DECLINE_IS_402", "DECLINE_REASONS"),
        *("ERRORS_AS_RECORDED", "HAS_MORE_ONLY_IF_TRUE", "NAMES_ARE_BLANK", "NEWEST_FIRST"),
        *("ORDER_HAS_NO_STATUS", "ORDER_OF_CARD_CHECKS", "PLAIN_DECLINE_MESSAGE"),
        *("TIMES_ARE_ROUNDED", "VOID_HAS_REFUND_TYPE_AUTH", "VOID_IS_NOT_A_REFUND"),
    ),
    "the absence of a rule: a request is treated as if the fact did not exist": (
        *("CHECKS_DECLINE_NOTHING", "FORWARDED_FOR_OPTIONAL", "KEY_NEED_NOT_BE_UUID"),
        *("OLD_ACCESS_TOKENS_STAY_VALID", "REFUND_SUCCEEDS_IMMEDIATELY"),
        *("REJECTED_REQUEST_DOES_NOT_CONSUME_KEY", "TOKENIZATION_SKIPS_CHECKS"),
        *("TOKEN_VALID_UNTIL_CARD_EXPIRES", "UNKNOWN_EXPANSION_IGNORED", "UNKNOWN_FIELDS_IGNORED"),
    ),
    "without a request: jobs, webhooks and notices": (
        *("CHECKOUT_SECRET_PREFIX", "CHECKOUT_WEBHOOK_EVENTS", "CHECKOUT_WEBHOOK_HAS_SESSION_ID"),
        *("EVENTS_OF_A_PAYMENT", "FAILED_PAYMENT_IS_RETRIED", "FIVE_FAILURES_END_SUBSCRIPTION"),
        *("MONTHS_ARE_CALENDAR_MONTHS", "SUBSCRIPTION_KEEPS_PLAN_AMOUNT"),
        *("UPCOMING_CHARGE_NOTICE", "WEBHOOK_AUTH", "WEBHOOK_RETRIES", "WEBHOOK_SIGNATURE"),
    ),
    "a page or a script in a browser, or what its buttons do": (
        *("CANCELLED_CHECKOUT_CANNOT_BE_PAID", "CHECKOUT_ALLOWS_RETRY", "CHECKOUT_AMOUNT"),
        *("CHECKOUT_CREATES_ORDER", "CHECKOUT_IS_NOT_RETRIEVABLE", "CHECKOUT_LIFETIME"),
        *("CHECKOUT_REDIRECTS", "CHECKOUT_TIP"),
        *(each.name for each in BEHAVIOURS if each.name.startswith("SDK_")),
    ),
    "this mock itself; the operations have their own mark": ("ONE_HOST",),
}
"""Behaviours that are in the evidence of no response, by reason. All others must be there."""
IN_EVIDENCE = {each.name for each in BEHAVIOURS} - {
    name for names in NOT_IN_EVIDENCE.values() for name in names
}
"""Behaviours that decide the status or the effect of a response, so its evidence names them."""
_BEHAVIOURS_OF = {
    test: {name for name, listed in TEST_OF_BEHAVIOUR.items() if listed == test} & IN_EVIDENCE
    for test in TEST_OF_BEHAVIOUR.values()
}
EXERCISED: set[str] = set()
"""Behaviours in the evidence of the responses of the running test."""


def record(basis: Iterable[EvidencePart]) -> None:
    """Record the behaviours that a response is based on."""
    for each in basis:
        EXERCISED.add(
            each.evidence_name if isinstance(each, Approval | Decline | Override) else each.name
        )


@contextmanager
def exercised_by(file: Path, test: str) -> Iterator[None]:
    """Fail if a test that is listed for a behaviour has no response that is based on it."""
    EXERCISED.clear()
    yield
    key = f"{file.stem.removeprefix('test_')}::{test.removeprefix('test_')}"
    not_exercised = _BEHAVIOURS_OF.get(key, set()) - EXERCISED
    assert not not_exercised, (
        f"no response of this test is based on {', '.join(sorted(not_exercised))}: "
        "correct the test, or name another one in TEST_OF_BEHAVIOUR of tests/behaviour_tests.py"
    )
