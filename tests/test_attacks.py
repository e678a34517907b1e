"""Attacks that once succeeded, by the kind of fault, and the tests that fail if one does again.

The first test of a kind finds others of that kind. Paths are relative to `tests`. Attacks of
`make soak` are named by their functions.
"""

from pathlib import Path

from tests.failure_messages import assert_no_errors

TESTS = Path(__file__).parent
ATTACKS: dict[str, dict[str, str]] = {
    "work without a bound on untrusted bytes": {
        "any regular expression": "test_regular_expressions.py"
        "::test_every_regular_expression_is_linear",
        "any body": "fuzz/test_linear_cost.py::test_bodies",
        "any field of a body": "fuzz/test_linear_cost.py::test_fields",
        "any header": "fuzz/test_linear_cost.py::test_headers",
        "any query": "fuzz/test_linear_cost.py::test_queries",
        "any parameter or id": "fuzz/test_linear_cost.py::test_parameters_and_ids",
        "any parser": "fuzz/test_linear_cost.py::test_parsers",
        "large objects, and long heads about them": "fuzz/test_linear_cost.py::test_large_objects",
        "the return of an order with hundreds of payments": "clover/orders/test_orders.py"
        "::test_reason_of_a_return_lists_ten_refunds",
        "a long reason": "server/app/test_render.py::test_long_reason_is_cut",
        "a long redirect": "clover/oauth/test_oauth_v2.py"
        "::test_a_redirect_longer_than_6_kib_is_rejected",
        "requests that each exchange repeats": "system/test_pipelining.py"
        "::test_few_requests_wait_for_a_journal",
        "the ledger of a charge with a thousand refunds": "ledger/test_ledger.py"
        "::test_other_requests_are_handled_between_two_refunds_of_a_charge",
        "a payment with a thousand webhooks": "control/payments/test_payment_story.py"
        "::test_other_requests_are_handled_between_the_steps_of_a_payment",
        "an audit of long bodies": "audit/test_audit_rules.py"
        "::test_other_requests_are_handled_between_two_bodies",
        "a list of many rows": "server/test_slices.py::test_every_list_of_many_rows_is_long",
        "a body with many misspelt members": "engine/test_remarks.py"
        "::test_few_suggestions_are_searched",
        "a list that is sorted by many fields": "server/test_slices.py"
        "::test_a_list_is_sorted_by_few_fields",
        "repeated members of a long name": "fuzz/test_linear_cost.py::test_repeated_members",
        "random changes of valid requests": "fuzz/test_mutations.py::test_changed_requests",
        "nesting inside an unclosed string": "fuzz/test_hostile.py"
        "::test_the_depth_check_is_linear_in_an_unclosed_string",
    },
    "limits of each item, but not of all of them": {
        "a journal of long values": "sandbox/test_journal.py"
        "::test_a_full_journal_loses_its_oldest_exchanges",
        "many journals": "sandbox/test_journal.py::test_all_journals_together_are_bounded",
        "the parts of a capsule": "conformance/replay/test_replay.py"
        "::test_a_capsule_that_could_not_be_read_is_not_made",
        "a history of large scenarios": "sandbox/test_history.py"
        "::test_an_applied_scenario_counts_with_its_size",
        "connections that end": "server/protocol/test_connections.py"
        "::test_a_connection_that_ends_is_freed_at_once",
        "unread answers": "soak/attacks.py::unread",
        "unread journals": "soak/attacks.py::unread_journals",
        "unread streams": "soak/attacks.py::streams_nobody_reads",
        "unread answers of a connection": "system/test_pipelining.py"
        "::test_nothing_is_answered_while_the_client_reads_nothing",
        "bodies on several connections": "system/test_pipelining.py::test_bodies_have_one_budget",
        "requests that wait for clients that have gone": "system/test_pipelining.py"
        "::test_requests_that_wait_have_one_budget",
        "unread answers of all connections": "system/test_pipelining.py"
        "::test_responses_that_nobody_reads_have_one_budget",
        "intermediate results of long operations": "server/test_slices.py"
        "::test_few_operations_hold_intermediate_results",
        "places of clients that have gone": "system/test_pipelining.py"
        "::test_a_client_that_may_have_gone_gives_way",
        "a control call that is not allowed": "system/test_pipelining.py"
        "::test_a_forbidden_control_call_is_refused_before_its_body",
        "many large bodies": "soak/attacks.py::open_bodies",
        "many snapshots": "soak/attacks.py::permitted_snapshots",
        "many snapshots without permission": "soak/attacks.py::forbidden_snapshots",
        "a journal of long headers and paths": "soak/attacks.py::long_headers",
        "many journals of long headers": "soak/attacks.py::long_headers_in_many_sandboxes",
        "as many connections as possible": "soak/attacks.py::connections_at_the_cap",
    },
    "requests that share a connection": {
        "any requests in any segments": "fuzz/test_pipelines.py::test_requests_on_a_socket",
        "trailers, extensions and upgrades": "system/test_pipelining.py"
        "::test_responses_come_in_order_and_whole",
        "requests cut anywhere": "system/test_pipelining.py"
        "::test_requests_are_answered_however_they_are_cut",
        "chunks cut anywhere": "system/test_pipelining.py::test_chunks_are_cut_at_every_place",
        "half a request behind a wait": "system/test_pipelining.py"
        "::test_half_a_request_behind_a_wait_is_not_timed_out",
        "a client that half-closes": "system/test_pipelining.py"
        "::test_a_client_that_half_closes_gets_its_answers",
        "an absolute target": "system/test_pipelining.py::test_an_absolute_target_is_answered",
        "a length and chunks together": "system/test_pipelining.py"
        "::test_a_length_and_chunks_together_are_invalid",
        "empty lines without a request": "system/test_pipelining.py"
        "::test_stray_bytes_do_not_keep_a_connection",
    },
    "state made or dropped for a stranger": {
        "any endpoint without a credential": "server/app/test_strangers.py"
        "::test_a_request_without_a_credential_leaves_no_sandbox_behind",
        "thousands of addresses": "soak/attacks.py::sandboxes_of_strangers",
    },
    "an error outside of a request ends the process": {
        "work that is not supervised": "test_architecture.py"
        "::test_work_that_belongs_to_no_request_is_supervised",
        "any job of the server": "server/test_supervisor.py::test_a_job_that_fails_stops_no_other",
        "any job of a sandbox": "engine/test_scheduler.py::test_a_job_that_fails_stops_only_itself",
        "what a failed job leaves behind": "engine/test_scheduler.py"
        "::test_a_job_that_fails_changes_nothing",
        "a payment by a subscription": "clover/recurring/test_recurring.py"
        "::test_a_payment_that_fails_inside_does_not_stop_the_clock",
        "before the endpoint is found": "server/app/test_app.py"
        "::test_an_error_while_the_sandbox_is_found_is_a_500",
        "while the rows of a sandbox are made": "server/app/test_app.py"
        "::test_an_error_while_the_first_rows_are_made_is_a_500",
        "while a request waits": "server/app/test_app.py"
        "::test_an_error_while_a_request_waits_is_a_500",
        "no more processes": "server/test_startup.py"
        "::test_without_a_child_the_work_is_done_in_this_process",
        "no more threads": "server/test_startup.py"
        "::test_without_a_thread_the_key_is_loaded_on_first_use",
        "no standard streams": "system/test_cli.py::test_a_server_runs_without_standard_streams",
        "a closed pipe": "system/test_cli.py"
        "::test_a_server_runs_after_the_reader_of_a_stream_is_gone",
        "servers that create one key file": "core/test_formats.py"
        "::test_servers_that_start_at_once_share_one_new_key_file",
        "a full disk": "core/test_formats.py::test_a_full_disk_leaves_no_key_file",
    },
    "input that is checked for type, not for sense": {
        "any JSON in the journal": "fuzz/test_any_shape.py"
        "::test_any_json_in_the_journal_can_be_read",
        "the responses of another server": "system/test_other_servers.py"
        "::test_responses_of_any_form",
        "a time that the test API waits": "control/journal/test_verify.py"
        "::test_a_late_request_is_told",
        "a text that cannot be encrypted": "system/test_cli.py::test_token_prints_server_error",
        "arguments of a coding agent": "fuzz/test_mcp_arguments.py::test_arguments_of_any_form",
        "a hostile file of --resume": "sweep/test_sweep_reports.py"
        "::test_a_hostile_file_is_rejected",
        "a hostile file of --baseline": "audit/test_audit_formats.py"
        "::test_a_hostile_baseline_is_rejected",
        "a journal of requests of any form": "fuzz/test_hostile_journal.py"
        "::test_every_journal_can_be_read",
        "the audit of a body of any form": "audit/test_audit_rules.py"
        "::test_rules_read_bodies_of_any_form",
        "a spoilt snapshot": "fuzz/test_snapshot_fuzz.py"
        "::test_a_spoilt_snapshot_is_rejected_or_harmless",
        "line breaks in a snapshot": "fuzz/test_snapshot_fuzz.py"
        "::test_every_text_of_a_head_or_a_log_line_is_checked",
        "a snapshot that no request could have made": "control/snapshot/test_snapshots.py"
        "::test_a_snapshot_that_no_request_could_have_made_is_rejected",
        "a status that Python does not name": "server/app/test_render.py"
        "::test_every_status_of_a_rule_is_sent",
        "a body with a status that has none": "scenario/test_scenarios.py"
        "::test_rule_and_fault_errors_have_line_and_column",
        "a host name that no encoding takes": "system/test_webhook_sender.py"
        "::test_resolved_address_is_checked_before_sending",
        "a year beyond calendars": "control/test_clock_calls.py"
        "::test_the_clock_stays_within_calendars",
        "a machine clock that goes back": "sandbox/test_clock.py"
        "::test_a_machine_clock_that_goes_back_does_not_move_the_sandbox_back",
        "a machine clock at the end of a certificate": "server/tls/test_authority.py"
        "::test_certificate_is_issued_at_any_clock",
        "a machine clock that jumps": "system/test_tls.py"
        "::test_certificate_is_renewed_after_clock_jump",
        "a key file without an end": "core/test_formats.py::test_key_file_must_be_a_regular_file",
    },
    "masking at each exit": {
        "a card number at each control call": "core/test_canary_exits.py"
        "::test_no_control_call_shows_a_card_number",
        "a card number in an identity": "core/test_canary_exits.py"
        "::test_a_name_that_is_an_identity_may_not_be_a_card_number",
        "any separator": "core/test_masking.py::test_any_separator_is_part_of_a_number",
        "any digits": "core/test_masking.py::test_digits_of_any_script_are_digits",
        "digits as escapes in a body that is not JSON": "core/test_masking.py"
        "::test_a_digit_may_be_an_escape_of_json",
        "the output of a swept command": "sweep/test_sweep_parts.py"
        "::test_the_output_of_commands_is_masked",
        "a CVV in a text": "core/test_canary_exits.py::test_no_control_call_shows_a_cvv_in_a_text",
        "a CVV in a member of another name": "core/test_masking.py"
        "::test_a_cvv_is_known_by_its_name",
        "a number in a snapshot": "control/snapshot/test_snapshots.py"
        "::test_a_snapshot_has_no_card_number_in_free_text",
        "a number that is cut in two": "test_house_rules.py"
        "::test_no_text_is_cut_before_it_is_masked",
        "numbers and names of members": "core/test_masking.py::test_numbers_and_names_are_masked",
        "a verification": "core/test_canary.py::test_a_verification_masks_by_name_and_by_pattern",
        "a credential of a scenario in a capsule": "conformance/replay/test_replay.py"
        "::test_credentials_of_the_scenario_are_not_kept",
        "a conformance report": "conformance/test_conformance.py"
        "::test_a_report_shows_no_secret_and_no_card",
        "an idempotency key": "control/snapshot/test_snapshots.py"
        "::test_a_key_that_looks_like_a_card_is_known_to_a_restored_sandbox",
        "an idempotency key that occurs twice": "control/snapshot/test_snapshots.py"
        "::test_a_snapshot_with_a_key_twice_is_rejected",
        "a request of an idempotency key": "control/snapshot/test_snapshots.py"
        "::test_a_request_with_a_masked_number_is_known_to_a_restored_sandbox",
        "the name of a sandbox": "server/app/test_strangers.py"
        "::test_a_name_like_a_card_number_is_rejected",
        "control characters on a terminal": "cli/test_terminal.py"
        "::test_commands_print_through_the_functions_that_escape",
    },
    "a protection that is off, or a file that is overwritten": {
        "a webhook target of a capsule from elsewhere": "conformance/replay/test_replay.py"
        "::test_no_sandbox_of_a_served_capsule_has_a_webhook_target",
        "an empty control token": "server/app/test_control_guard.py"
        "::test_empty_control_token_is_rejected",
        "an empty variable": "system/test_cli.py"
        "::test_an_empty_variable_that_restricts_control_calls_is_rejected",
        "a token in the list of processes": "system/test_cli.py"
        "::test_a_token_on_the_command_line_is_warned_of",
        "a port file that is a device": "system/test_cli.py"
        "::test_a_port_file_replaces_only_regular_files",
        "a port file of an earlier server": "system/test_cli.py"
        "::test_a_port_file_exists_only_while_the_server_listens",
        "a control host in other letters": "server/app/test_control_guard.py::test_control_guard",
        "an empty option": "system/test_cli.py::test_an_empty_option_is_rejected",
        "stderr beside the log": "server/test_log.py::test_all_of_stderr_is_in_the_format",
        "a slash at the end of a path": "server/app/test_app.py"
        "::test_slashes_at_the_end_of_a_path_change_nothing",
        "a host that only IPv6 has": "server/test_serve.py"
        "::test_a_name_gets_an_ipv6_address_if_there_is_no_other",
        "a port that the documents open to the network": "test_ports.py"
        "::test_no_document_publishes_a_port_to_the_network",
        "a production host in other characters": "conformance/test_conformance.py"
        "::test_production_hosts_and_invalid_urls_are_rejected",
    },
    "certificates": {
        "certificates of a stolen key": "clients/test_forged_certificates.py"
        "::test_only_genuine_certificate_is_accepted",
        "other purposes": "clients/test_forged_certificates.py::test_other_purposes_are_rejected",
    },
    "supply chain": {
        "Python packages without hashes": "test_supply.py"
        "::test_each_python_package_is_locked_by_hashes",
        "npm packages without hashes": "test_supply.py"
        "::test_each_npm_package_is_locked_by_its_integrity",
        "packages that are not declared": "test_architecture.py"
        "::test_each_imported_package_is_a_declared_dependency",
    },
}


def test_every_attack_has_its_test() -> None:
    named = {place for attacks in ATTACKS.values() for place in attacks.values()}
    files = {place.partition("::")[0] for place in named}
    texts = {file: (TESTS / file).read_text() for file in files if (TESTS / file).exists()}
    assert_no_errors(
        f"{place} of ATTACKS does not exist: name the test that replaced it"
        for place in named
        if f"def {place.partition('::')[2]}(" not in texts.get(place.partition("::")[0], "")
    )
