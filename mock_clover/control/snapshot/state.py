"""Snapshots: the complete state that determines a sandbox's responses, without card numbers.

Cards are fingerprints, and free text is masked on export. A snapshot that is restored on another
machine gives identical responses. An invalid snapshot is rejected before anything is changed.
"""

from typing import Any

import msgspec
from msgspec.structs import replace

from mock_clover.clover.common.problems import SELECTABLE_ERRORS
from mock_clover.clover.jobs import JOBS
from mock_clover.clover.surface import SURFACE
from mock_clover.clover.webhooks.records import event_error, target_error
from mock_clover.control.endpoint import unknown_name
from mock_clover.control.faults.endpoints_next import check_armed
from mock_clover.control.masking import masked_snapshot
from mock_clover.control.snapshot.checks import check_rows
from mock_clover.control.snapshot.records import (
    SNAPSHOT_VERSION,
    ActiveFaultRow,
    ArmedRow,
    Snapshot,
    StoredResponseRow,
    Webhooks,
)
from mock_clover.core.record import Record
from mock_clover.core.steps import Steps
from mock_clover.sandbox.armed import ArmedOutcome
from mock_clover.sandbox.credentials import decode_letters, encode_as_letters, fingerprint
from mock_clover.sandbox.idempotency import StoredResponse, hash_request
from mock_clover.sandbox.outbox import Outbox, restore_outbox
from mock_clover.sandbox.rules import Rules
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.sandbox.tables import TABLES
from mock_clover.scenario.records import Scenario
from mock_clover.scenario.records_fault import Fault
from mock_clover.scenario.records_rule import CardMatch
from mock_clover.scenario.validation import faults_of


def take_head(sandbox: Sandbox) -> Snapshot:
    """Return a snapshot without the lists and tables that grow with the use of the sandbox."""
    ref_count, ids = sandbox.ids.state()
    return Snapshot(
        mock_clover_snapshot=SNAPSHOT_VERSION,
        seed=sandbox.seed,
        fingerprint_key=encode_as_letters(sandbox.fingerprint_key),
        made_ms=sandbox.created_ms,
        now_ms=sandbox.clock.now_ms(),
        frozen=sandbox.clock.frozen,
        ref_count=ref_count,
        ids=ids,
        scenario=without_pans(sandbox.rules.scenario, sandbox.fingerprint_key),
        settings=sandbox.settings,
        rule_counts=sandbox.rule_counts,
        faults=tuple(
            ActiveFaultRow(
                id=each.id,
                fault=each.fault,
                left=each.remaining,
                until_ms=each.expires_ms,
                used=each.used,
                seen=each.seen,
            )
            for each in sandbox.faults.unexpired(sandbox.clock.now_ms())
        ),
        fault_count=sandbox.faults.count,
        chances=sandbox.faults.random_state(),
        armed=tuple(
            ArmedRow(
                id=each.id,
                outcome=each.outcome,
                fault=each.fault,
                endpoint=each.endpoint,
                left=each.left,
            )
            for each in sandbox.armed.outcomes
        ),
        armed_count=sandbox.armed.count,
        notices=tuple(sandbox.notices),
        notice_count=sandbox.notices.count,
        answered=(),
        agenda=(),
        webhooks=_webhook_state(sandbox.outbox),
        **{table: {} for table in TABLES},
    )


def stored_response_row(
    fingerprint_key: bytes, credential_and_key: tuple[str, str], stored: StoredResponse
) -> StoredResponseRow:
    """Return the row of a stored response; a masked request could not be compared later."""
    request = None if stored.request is None else msgspec.to_builtins(stored.request)
    request_hash = stored.request_hash
    if not request_hash and masked_snapshot(request) != request:
        request, request_hash = None, hash_request(stored.request, fingerprint_key)
    return StoredResponseRow(
        credential=credential_and_key[0],
        key=credential_and_key[1],
        endpoint=stored.endpoint,
        target=stored.path,
        request=request,
        request_hash=request_hash,
        status=stored.status,
        body=stored.body.decode(),
        why=stored.why,
    )


def _webhook_state(outbox: Outbox | None) -> Webhooks | None:
    if outbox is None:
        return None
    targets = tuple(outbox.targets.values())
    return Webhooks(targets=targets, pending=outbox.pending(), count=outbox.count)


def restore(sandbox: Sandbox, snapshot: Snapshot) -> Steps[Sandbox]:
    """Return a new sandbox with the state of `snapshot`, and the keys and credentials of `sandbox`.

    Raises ValueError, KeyError or msgspec.ValidationError for an invalid snapshot.
    """
    _check_names(snapshot)
    _check_faults(sandbox, snapshot)
    webhooks = snapshot.webhooks
    outbox = (
        restore_outbox(webhooks.targets, webhooks.pending, webhooks.count) if webhooks else None
    )
    answered = []
    for each in snapshot.answered:
        stored = StoredResponse(
            endpoint=each.endpoint,
            path=each.target,
            request=_decode_request(each.endpoint, each.request),
            status=each.status,
            body=each.body.encode(),
            why=each.why,
            request_hash=each.request_hash,
        )
        answered.append(((each.credential, each.key), stored))
        yield
    new_sandbox = Sandbox(
        sandbox.name,
        sandbox.credentials,
        Rules(snapshot.scenario, decode_letters(snapshot.fingerprint_key)),
        snapshot.settings,
        sandbox.keys,
        seed=snapshot.seed,
        fingerprint_key=decode_letters(snapshot.fingerprint_key),
        hooks=sandbox.hooks,
    )
    new_sandbox.ids.restore((snapshot.ref_count, snapshot.ids))
    for table in TABLES:
        for key, row in getattr(snapshot, table).items():
            getattr(new_sandbox, table).put(key, row)
            yield
    yield from check_rows(new_sandbox)
    new_sandbox.scheduler.restore(snapshot.agenda)
    for key_pair, remembered in answered:
        new_sandbox.idempotency.store(key_pair, remembered)
    new_sandbox.faults.restore(
        [each.active for each in snapshot.faults],
        snapshot.fault_count,
        snapshot.chances,
    )
    new_sandbox.armed.restore(
        (
            ArmedOutcome(
                id=each.id,
                outcome=each.outcome,
                fault=each.fault,
                endpoint=each.endpoint,
                left=each.left,
            )
            for each in snapshot.armed
        ),
        snapshot.armed_count,
    )
    new_sandbox.notices.restore(snapshot.notices, snapshot.notice_count)
    new_sandbox.rule_counts = dict(snapshot.rule_counts)
    new_sandbox.created_ms = snapshot.made_ms
    new_sandbox.clock.restore(snapshot.now_ms, frozen=snapshot.frozen)
    new_sandbox.outbox = outbox
    return new_sandbox


def _faults(snapshot: Snapshot) -> list[Fault]:
    """Return the faults of a snapshot and of its scenario."""
    of_scenario = (fault for _, fault in faults_of(snapshot.scenario))
    return [*of_scenario, *(each.fault for each in snapshot.faults)]


def _check_faults(sandbox: Sandbox, snapshot: Snapshot) -> None:
    """Reject faults that the server cannot apply. Raises ValueError."""
    for each in snapshot.armed:
        check_armed(sandbox, each.outcome, each.fault, each.endpoint)
    for fault in _faults(snapshot):
        if obstacle := sandbox.hooks.unsupported_fault_reason(fault.kind):
            raise ValueError(obstacle)


def _check_names(snapshot: Snapshot) -> None:
    """Reject names that do not exist. Raises ValueError."""
    problems = [fault.problem for fault in _faults(snapshot)]
    problems += [rule.then.problem for rule in snapshot.scenario.rules]
    for name in problems:
        if name is not None and name not in SELECTABLE_ERRORS:
            raise ValueError(unknown_name(name, SELECTABLE_ERRORS, "problems"))
    events = [rule.then.webhook for rule in snapshot.scenario.rules if rule.then.webhook]
    targets = [known.spec for known in snapshot.webhooks.targets] if snapshot.webhooks else []
    errors = [event_error(event) for event in events]
    errors += [target_error(spec) for spec in (*targets, *snapshot.scenario.webhooks)]
    for field, message in filter(None, errors):
        raise ValueError(f"webhook: {field} {message}")
    for _, _, kind, _ in snapshot.agenda:
        if kind not in JOBS:
            raise ValueError(unknown_name(kind, JOBS))


_REQUEST_TYPES = {endpoint.name: endpoint.request for endpoint in SURFACE}


def _decode_request(endpoint: str, body: Any) -> Record | None:
    record = _REQUEST_TYPES.get(endpoint)
    if record is None or body is None:
        return None
    decoded: Record = msgspec.convert(body, record)
    return decoded


def without_pans(scenario: Scenario, key: bytes) -> Scenario:
    """Return a scenario without its data, and with fingerprints instead of card numbers."""
    return replace(
        scenario,
        data=None,
        merchants=(),
        cards=tuple(replace(card, number=_hash_pan(card.number, key)) for card in scenario.cards),
        rules=tuple(
            replace(rule, when=replace(rule.when, card=_match_without_pan(rule.when.card, key)))
            for rule in scenario.rules
        ),
    )


def _match_without_pan(card: CardMatch | None, key: bytes) -> CardMatch | None:
    if card is None or card.number is None:
        return card
    return replace(card, number=_hash_pan(card.number, key))


def _hash_pan(number: str, key: bytes) -> str:
    if number.startswith("#"):
        return number
    return f"#{fingerprint(key, number)}-{number[-4:]}"
