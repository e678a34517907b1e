"""By behaviour the test that shows it, and what the replies of a running test lean on.

A behaviour that the code weighs in a reply's evidence must be leaned on by a reply of its test, in
each case of a parametrised one: `tests/conftest.py` checks it after the test. For the others only
the existence of the test is checked, in `tests/reference/test_fidelity.py`.
"""

from collections.abc import Iterable
from pathlib import Path

from mock_clover.clover.common.verdict import Approval, Decline
from mock_clover.engine.evidence import Basis
from mock_clover.engine.overrides import Override

SHOWN = {
    "CHECKOUT_LIFE": "checkout::a_session_lasts_fifteen_minutes",
    "CHECKOUT_IS_NOT_READ": "checkout_errors::clover_does_not_give_a_session_back",
    "CHECKOUT_AMOUNT": "checkout::the_amount_is_the_sum_of_the_lines_and_their_taxes",
    "CHECKOUT_REDIRECTS": "checkout::where_a_decline_and_a_payment_lead",
    "CHECKOUT_MAKES_ORDER": "checkout::a_decline_and_then_another_card",
    "CHECKOUT_TRIED_AGAIN": "checkout_page::a_decline_is_told_and_another_card_pays",
    "CHECKOUT_TIP": "checkout_form::a_tip_reaches_charge_order_payment_webhook_and_customer",
    "CHECKOUT_CANCEL_ENDS": ("checkout_page::a_session_that_is_over_is_neither_paid_nor_cancelled"),
    "CHECKOUT_TELLS_OF_PAYMENTS": "checkout::nothing_else_is_announced",
    "CHECKOUT_TIMES_ARE_TEXT": "checkout::a_session_lasts_fifteen_minutes",
    "CHECKOUT_WEBHOOK_NAMES_SESSION": "checkout::a_payment_webhook_has_data_by_dialect_or_setting",
    "CHECKOUT_SECRET_PREFIX": (
        "webhooks::a_generated_signing_secret_of_the_hosted_checkout_has_its_prefix"
    ),
    "BRAND_FROM_NUMBER": "payments::the_brand_is_read_off_the_number_plain_or_encrypted",
    "NO_CHECK_AT_TOKENISATION": "fidelity::a_token_is_not_checked_with_its_issuer",
    "ORDER_OF_CARD_CHECKS": "fidelity::the_first_fault_of_a_card_is_told",
    "TOKEN_KEEPS": "fidelity::an_unused_token_keeps",
    "TOKEN_PAYS_ONCE": "fidelity::a_token_pays_once_and_saved_again_and_again",
    "DECLINE_SPENDS_TOKEN": "payments::a_token_may_outlive_a_decline_when_so_set",
    "FOREIGN_TOKEN_PAYS_AGAIN": (
        "instruments::a_transarmor_token_gives_a_token_that_pays_more_than_once"
    ),
    "WALLET_IS_APPROVED": "instruments::a_wallets_token_stands_for_the_approving_test_card",
    "LISTED_CARD": "payments::a_declined_charge_is_kept_and_told_by_its_error",
    "SCENARIO_RULE": "rules::a_decline_by_amount_is_that_of_an_order_too",
    "ASKED_OUTCOME": "rules::every_problem_of_the_catalogue_can_be_asked_for",
    "UNLISTED_CARD_APPROVED": "payments::an_unlisted_card_is_approved_and_the_reason_says_so",
    "EXPIRED_CARD_DECLINED": "rules::a_card_expires_by_the_clock",
    "SAVED_TOKEN_WANTS_STORED_CREDENTIALS": (
        "payments::a_saved_cards_token_needs_stored_credentials"
    ),
    "CUSTOMER_PAYS_PLAINLY": "fidelity::the_newest_of_several_saved_cards_pays",
    "NEWEST_CARD_PAYS": "fidelity::the_newest_of_several_saved_cards_pays",
    "FIRST_WITH_INTENT_SAVES": "card_on_file::an_intent_with_first_makes_a_token_multi_pay",
    "SUBSEQUENT_IS_WARNED": "card_on_file::subsequent_before_any_first_is_warned_of",
    "AUTHORISATION_IS_UNPAID": "payments::an_authorisation_is_unpaid_until_its_capture",
    "CREATION_SHOWS_NO_ORDER": "payments::an_authorisation_is_unpaid_until_its_capture",
    "TIMES_ARE_ROUNDED": "payments::an_authorisation_is_unpaid_until_its_capture",
    "CURRENCY_IN_CAPITALS": "payments::the_currency_is_echoed_as_set",
    "CHECKS_NEED_DATA": "payments::checks_stand_where_the_token_brought_the_data",
    "CHECKS_DECLINE_NOTHING": "rules::avs_and_cvc_checks_by_card",
    "AUTHORISATION_LIFE": "rules::an_authorisation_expires_by_the_clock",
    "AUTHORISATION_LIFE_OF_OTHERS": "rules::an_authorisation_expires_by_the_clock",
    "CAPTURE_WITHIN_AUTHORISATION": "card_on_file::how_much_more_may_be_captured_is_a_setting",
    "CHARGE_MAKES_ORDER": "payments::a_charge_makes_its_order",
    "UNKNOWN_MEMBERS_IGNORED": "control::the_journal_tells_of_ignored_members",
    "FORWARDED_FOR_OPTIONAL": "payments::habits_of_real_clients_are_taken",
    "DECLINE_IS_402": "payments::a_declined_charge_is_kept_and_told_by_its_error",
    "DECLINE_WORDS": "payments::a_declined_charge_is_kept_and_told_by_its_error",
    "DECLINE_REASONS": "rules::every_decline_by_every_trigger",
    "FAILED_CHARGE_SHOWN": "payments::a_declined_charge_is_kept_and_told_by_its_error",
    "ERRORS_AS_RECORDED": ("problems::a_refusal_is_worded_as_recorded_and_changes_nothing"),
    "REFUND_OF_AUTHORISATION_VOIDS": "payments::a_voided_authorisation_cannot_be_captured",
    "REFUND_SETTLES_AT_ONCE": "payments::a_refund_tells_what_it_was",
    "RETRY_MAKES_NO_SECOND_CHARGE": "idempotency::whatever_the_order_a_key_charges_once",
    "IDEMPOTENCY_REPLAY": "idempotency::a_decline_is_replayed_too",
    "IDEMPOTENCY_SCOPE": "idempotency::the_same_key_on_another_path_is_refused",
    "REFUSAL_FREES_KEY": "idempotency::a_refusal_leaves_its_key_free",
    "ANY_KEY_IS_TAKEN": "idempotency::any_key_under_any_spelling",
    "CURSOR_INCLUDES_ITS_OBJECT": "pagination::a_page_of_charges",
    "NEWEST_FIRST": "pagination::a_page_of_charges",
    "HAS_MORE_ONLY_IF_SO": "pagination::a_page_of_charges",
    "DATES_ARE_UTC": "pagination::a_page_of_charges",
    "SAVING_MAKES_MULTIPAY": "payments::a_saved_cards_token_needs_stored_credentials",
    "SAVING_ASKS_THE_ISSUER": "fidelity::saving_asks_the_issuer",
    "NAMES_ARE_BLANK": "golden::every_example_of_the_documents_gets_its_reply",
    "REVOKED_CARD_PAYS_NO_MORE": "payments::a_revoked_card_pays_no_more",
    "AMOUNT_IS_UNIT_PRICE": "payments::order_totals_are_unit_prices_times_quantities_and_taxes",
    "TAX_IS_ROUNDED_HALF_UP": "fidelity::half_a_cent_of_tax_is_rounded_up",
    "ORDER_HAS_NO_STATUS": "orders::a_declined_part_pays_nothing_and_is_no_part",
    "SPLIT_PAYMENT": "payments::an_order_is_paid_in_two_parts",
    "RETURN_MAKES_REFUNDS": "orders::a_split_payment_gives_back_from_the_newest_charge_on",
    "RETURN_GIVES_TIP": "orders::the_tip_of_a_return_by_item_is_given_back_as_set",
    "CHARGE_IS_PAYMENT": "platform::a_charge_is_a_payment_by_the_same_id",
    "VOID_IS_NO_REFUND": "platform::a_refund_is_a_refund_by_the_same_id_and_a_void_is_none",
    "CUSTOM_ORDER_TOTAL": "platform::a_custom_orders_own_total_is_what_is_to_be_paid",
    "UNKNOWN_EXPANSION_IGNORED": "platform::what_cannot_be_expanded_is_passed_over",
    "OTHER_MERCHANT_IS_401": (
        "platform_errors::a_refusal_is_worded_as_the_platform_does_in_either_dialect"
    ),
    "TAX_RATE_BY_ID": "platform::v1_knows_the_merchants_taxes",
    "PLANS_KEEP_AGREED_AMOUNTS": "recurring::a_subscription_takes_its_plans_amount_and_keeps_it",
    "DUE_DAYS_ARE_CALENDAR_DAYS": (
        "recurring::months_are_calendar_months_and_a_missing_day_is_the_last_one"
    ),
    "FIVE_FAILURES_END_IT": "recurring::after_five_failed_payments_a_subscription_is_deactivated",
    "FAILED_PAYMENT_IS_RETRIED": (
        "recurring::a_failed_payment_is_tried_again_each_day_and_then_the_series_goes_on"
    ),
    "UPCOMING_CHARGE_IS_TOLD": (
        "notices::a_charge_is_told_of_three_days_before_and_a_renewal_when_it_is_paid"
    ),
    "MERCHANT_AGREES_AT_ONCE": "oauth_v2::the_redirect_tells_who_agreed_and_echoes_the_state",
    "MERCHANT_IS_ASKED": "consent::the_page_tells_who_asks_whom_for_what",
    "CONSENT_DENIED": "consent::deny_sends_the_browser_back_with_an_error_and_the_state",
    "CODE_LIFE": "oauth_v2::a_code_is_good_until_its_tenth_minute_is_over",
    "LEGACY_TOKEN_LIFE": "rules::a_bearer_token_expires_by_the_clock",
    "ACCESS_TOKEN_LIFE": "oauth_v2::an_access_token_opens_every_call_until_it_expires",
    "REFRESH_TOKEN_WORKS_ONCE": "oauth_v2::a_refresh_token_gives_a_new_pair_and_dies_at_once",
    "OLD_ACCESS_TOKENS_LIVE_ON": "oauth_v2::older_access_tokens_live_on_after_a_refresh",
    "REFRESH_TOKENS_ARE_LIMITED": (
        "oauth_v2::a_merchant_has_so_many_refresh_tokens_and_the_oldest_goes"
    ),
    "LOST_TOKEN_IS_RECOVERED": "oauth_v2::what_was_lost_is_recovered_and_dies_unused",
    "ACCESS_TOKEN_SIGNATURE": "oauth_v2::a_jwt_library_decodes_it_under_the_apps_secret",
    "PERMISSIONS_PER_CALL": "oauth_v2::a_call_needs_each_of_its_permissions_and_no_other",
    "ONE_HOST": "oauth_v2::every_step_is_taken_on_every_host",
    "EXTENSIONS_ARE_SERVED": "payments::extensions_answer_by_default",
    "FLOW_BY_CARD": "threeds::another_amount_is_frictionless",
    "PENDING_CHARGE_SHOWN": "threeds::a_challenge_is_pending_and_then_paid",
    "FLOW_STATUS_DECIDES": "threeds::a_flow_status_decides_where_the_issuer_has_not_spoken",
    "THREEDS_LIFE": "threeds::nobody_waits_for_ever",
    "SDK_EVENTS_HOLD_ALL_FIELDS": "sdk_fields::every_event_carries_every_mounted_field",
    "SDK_ERROR_AFTER_TOUCH": "sdk_fields::every_event_carries_every_mounted_field",
    "SDK_FIELD_CHECKS": "sdk_fields::what_is_typed_is_formatted_checked_and_told",
    "SDK_STYLES_BY_SELECTOR": "sdk_pages::styles_reach_the_frames_by_clovers_selectors",
    "SDK_NEWEST_FIELD_COUNTS": ("sdk_pages::what_is_mounted_twice_takes_the_place_of_the_first"),
    "SDK_COMBINED_CARD": "sdk_fields::all_in_one_field_and_the_names_of_the_others",
    "SDK_FOOTER": "sdk_fields::the_footer_comes_once_and_goes_as_the_options_say",
    "SDK_TOKEN_ERRORS": "sdk_fields::wrong_fields_are_told_by_their_names",
    "SDK_TOKEN_REFUSALS": "sdk_fields::what_the_server_refuses_is_told_or_rejects",
    "SDK_TOKEN_SENT_PLAIN": "sdk_fields::a_token_is_made_and_the_shop_charges_it",
    "SDK_GOOGLE_PAY": "sdk_wallets::google_pay_gives_the_shop_a_token",
    "SDK_APPLE_PAY": "sdk_wallets::a_session_of_apple_pay_ends_after_30_seconds",
    "SDK_APPLE_PAY_AUTHORIZE": ("sdk_wallets::apple_pay_tells_the_window_and_waits_for_the_shop"),
    "SDK_WALLET_STATUS": "sdk_wallets::apple_pay_tells_the_window_and_waits_for_the_shop",
    "SDK_EVENT_TARGET": "threeds_sdk::each_flow_goes_from_its_charge_to_its_end",
    "SDK_STATUS": "threeds_sdk::a_bank_has_other_answers",
    "SDK_METHOD_WAITS": "threeds_sdk::a_method_that_is_never_done_is_unavailable",
    "SDK_CANCEL_REFUSES": "threeds_sdk::a_cardholder_may_leave_and_the_bank_refuses",
    "SURCHARGE_IS_BESIDE": "charges::a_surcharge_is_as_clovers_sample",
    "PURCHASE_DATA_TAKEN": "charges::a_merchant_without_them_is_warned",
    "DESCRIPTOR_TAKEN": "charges::a_merchant_without_them_is_warned",
    "VOID_WINDOW": "charges::a_refund_within_25_minutes_is_a_void",
    "VOID_SAYS_AUTH": "charges::a_refund_within_25_minutes_is_a_void",
    "TENDER_ASKS_NOBODY": "charges::an_alternate_tender_pays_without_a_network",
    "EXPAND_NESTS_OBJECTS": "charges::customer_and_order_are_expanded",
    "RESULT_FROM_ELSEWHERE": "threeds::an_authentication_made_elsewhere_is_taken_as_it_is",
    "FRESH_GIFT_CARD_HOLDS": (
        "gift_cards::a_card_that_was_never_activated_holds_what_the_settings_say"
    ),
    "LOW_BALANCE_NEVER_DECLINES": "gift_cards::a_low_balance_never_declines",
    "GIFT_CARD_LIFE": "gift_cards::a_card_expires_by_the_sandboxs_clock",
    "CASHOUT_LEAVES_LOCKS": "gift_cards::a_cashout_pays_all_that_is_not_locked",
    "DEBIT_IS_PENDING": "instruments::a_debit_is_pending_until_it_settles",
    "DEBIT_IS_APPROVED": "instruments::a_debit_can_be_refunded_and_declined",
    "EVENTS_OF_A_PAYMENT": "webhooks::what_happened_is_announced_in_its_order",
    "WEBHOOK_AUTH": "webhooks::a_platform_target_gets_events_once_its_code_is_handed_back",
    "WEBHOOK_SIGNATURE": ("webhooks::a_hosted_checkout_event_is_signed_over_its_time_and_raw_body"),
    "WEBHOOK_RETRIES": "webhooks::a_failed_delivery_is_tried_again_at_the_stated_times",
    "RATE_LIMITS": "rules::the_seventeenth_call_in_a_second_is_one_too_many",
    "RATE_LIMIT_WINDOWS": "rules::rate_limits_forget_after_a_second",
}
"""File and name of the test, without their test_."""
WEIGHED = frozenset(
    {
        "ASKED_OUTCOME",
        "CONSENT_DENIED",
        "DEBIT_IS_APPROVED",
        "EXPAND_NESTS_OBJECTS",
        "EXPIRED_CARD_DECLINED",
        "FAILED_CHARGE_SHOWN",
        "FLOW_BY_CARD",
        "FLOW_STATUS_DECIDES",
        "FRESH_GIFT_CARD_HOLDS",
        "GIFT_CARD_LIFE",
        "IDEMPOTENCY_REPLAY",
        "LISTED_CARD",
        "LOW_BALANCE_NEVER_DECLINES",
        "MERCHANT_IS_ASKED",
        "NEWEST_CARD_PAYS",
        "PENDING_CHARGE_SHOWN",
        "SAVED_TOKEN_WANTS_STORED_CREDENTIALS",
        "SCENARIO_RULE",
        "TENDER_ASKS_NOBODY",
        "UNLISTED_CARD_APPROVED",
    }
)
"""Behaviours that the code weighs in the evidence of a reply."""
LEANED: set[str] = set()
"""Names that the replies of the running test lean on."""


def record(basis: Iterable[Basis]) -> None:
    """Record what a reply leans on."""
    for lean in basis:
        LEANED.add(lean.based_on if isinstance(lean, Approval | Decline | Override) else lean.name)


def missed(file: Path, test: str) -> set[str]:
    """Return the behaviours that a test is to show and that no reply of it leaned on."""
    key = f"{file.stem.removeprefix('test_')}::{test.removeprefix('test_')}"
    names = {name for name, shown in SHOWN.items() if shown == key}
    return names & WEIGHED - LEANED
