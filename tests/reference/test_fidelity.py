"""Every claim about Clover has its mark and its source, and every behaviour has a test.

`MOCK_CLOVER_TEST_UPDATE=1` rewrites docs/fidelity.md.
"""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest

import mock_clover
from mock_clover.cli.evidence import count_rows
from mock_clover.clover.common.behaviours import BEHAVIOURS
from mock_clover.clover.common.known_differences import KNOWN_DIFFERENCES, UNKNOWNS
from mock_clover.clover.common.problems import ALL_ERRORS, BY_NAME
from mock_clover.clover.surface import SURFACE
from mock_clover.clover.webhooks.records_event import WEBHOOKS
from mock_clover.core.evidence import Evidence, documented, evidence_of, inferred
from mock_clover.core.record import Record
from mock_clover.reference.fidelity import (
    EVIDENCE_LEVELS,
    SOURCES,
    RecordField,
    record_fields,
    records,
)
from mock_clover.scenario.load import builtin_names, load
from mock_clover.scenario.records import Settings
from tests.behaviour_tests import (
    DIFFERENCES,
    IN_EVIDENCE,
    NOT_IN_EVIDENCE,
    TEST_OF_BEHAVIOUR,
)
from tests.clover.charges import test_charge_facts as charge_facts
from tests.clover.platform import test_platform_facts as platform_facts
from tests.command_line import run_cli
from tests.failure_messages import assert_generated, assert_names, assert_no_errors
from tests.in_process import DECLINED_CARD, VISA, InProcessServer
from tests.reference import test_additions as additions

TESTS = Path(__file__).parents[1]
PACKAGE = Path(mock_clover.__file__).parent
PAGE = TESTS.parent / "docs/fidelity.md"
KEYS = re.compile(rf"\b({'|'.join(map(re.escape, SOURCES))})\b")

# Marks --------------------------------------------------------------------------------------------


def wrong_mark(fact: Any) -> str:
    """Say what is wrong with a mark, or ''."""
    if not isinstance(fact, Evidence):
        return (
            "has no evidence: set `evidence` of the record, or `field_evidence` for this field, to "
            "documented(…), observed(…) or inferred(…)"
        )
    if fact.level not in EVIDENCE_LEVELS or not fact.source.strip():
        return f"has a mark without a source: {fact}"
    if fact.level == "documented" and not KEYS.search(fact.source):
        return (
            f"is documented by a page that SOURCES of reference/fidelity.py has not: {fact.source}"
        )
    return ""


def wrong_members(found: list[RecordField]) -> list[str]:
    return [
        f"{each.record.__module__}.{each.record.__name__}.{each.name} {result}"
        for each in found
        if (result := wrong_mark(each.evidence))
    ]


def test_every_field_has_evidence() -> None:
    """Or its record has one: `evidence: ClassVar[Evidence] = documented(…)`."""
    assert_no_errors(wrong_members(list(record_fields())))


def test_field_evidence_names_existing_fields() -> None:
    for record in records():
        told_here = getattr(record, "field_evidence", {})
        names = {field.name for field in msgspec.structs.fields(record)}
        assert set(told_here) <= names, record


def test_every_operation_error_webhook_and_behaviour_has_evidence() -> None:
    claims = [
        (each.name, each.evidence) for each in (*SURFACE, *ALL_ERRORS, *WEBHOOKS, *BEHAVIOURS)
    ]
    assert_no_errors(f"{name} {result}" for name, fact in claims if (result := wrong_mark(fact)))


@pytest.mark.parametrize("name", builtin_names())
def test_every_built_in_card_and_rule_has_evidence(name: str) -> None:
    """And a source, unless it is the same claim as that of `sandbox` or of its error."""
    scenario, known = load(name), {card.number: card for card in load("sandbox").cards}
    for card in scenario.cards:
        same = known.get(card.number)
        repeats = same and (same.evidence, same.outcome) == (card.evidence, card.outcome)
        assert card.evidence in EVIDENCE_LEVELS
        assert card.source or card.evidence == "inferred" or (repeats and same.source), card.label
    for rule in scenario.rules:
        problem = BY_NAME.get(rule.then.problem or "")
        repeats = problem and problem.evidence.level == rule.evidence
        assert rule.evidence in EVIDENCE_LEVELS
        assert rule.source or rule.evidence == "inferred" or repeats, rule.name


def test_every_setting_changes_a_behaviour_with_evidence() -> None:
    """Except for the two that are about marks."""
    settings = {*Settings.__struct_fields__} - {"refuse_inferred", "allow_inferred"}
    assert {each.setting for each in BEHAVIOURS} - {""} == settings


def test_every_listed_source_is_used() -> None:
    everything = everything_told()
    sources = " ".join(
        row["source"] for rows in everything.values() for row in rows if "source" in row
    )
    assert set(SOURCES) - set(KEYS.findall(sources)) == set()


class NoEvidence(Record, frozen=True, kw_only=True):
    """A record for this test."""

    plain: str | None = None


def test_field_without_evidence_is_reported() -> None:
    found = [RecordField(NoEvidence, "plain", evidence_of(NoEvidence, "plain"))]
    assert wrong_members(found) == [
        f"{__name__}.NoEvidence.plain has no evidence: set `evidence` of the record, or "
        "`field_evidence` for this field, to documented(…), observed(…) or inferred(…)"
    ]
    assert "has not: hearsay" in wrong_mark(documented("hearsay"))
    assert "without a source" in wrong_mark(inferred(" "))


# Tests of behaviours ------------------------------------------------------------------------------


@cache
def names_in(file: str) -> frozenset[str]:
    text = "".join(path.read_text() for path in TESTS.rglob(f"test_{file}.py"))
    return frozenset(re.findall(r"^def test_(\w+)\(", text, re.MULTILINE))


def test_every_behaviour_is_shown_by_a_test() -> None:
    """tests/conftest.py checks whether the test exercises its behaviour."""
    names = [each.name for each in BEHAVIOURS]
    place = "TEST_OF_BEHAVIOUR of tests/behaviour_tests.py, with its test"
    assert_names(TEST_OF_BEHAVIOUR, names, place, "clover/*/behaviours*.py")
    assert_no_errors(
        f"{name}: there is no test {shown}; name another one in {place}"
        for name, shown in TEST_OF_BEHAVIOUR.items()
        if not exists(shown)
    )


def exists(shown: str) -> bool:
    file, _, name = shown.rpartition("::")
    return name in names_in(file)


def test_every_known_difference_is_shown_by_a_test() -> None:
    names = [each.topic for each in KNOWN_DIFFERENCES]
    place = "DIFFERENCES of tests/behaviour_tests.py, with its tests"
    assert_names(DIFFERENCES, names, place, "clover/common/known_differences.py")
    assert_no_errors(
        f"{name}: there is no test {shown}; name another one in {place}"
        for name, tests in DIFFERENCES.items()
        for shown in tests or ("at all",)
        if not exists(shown)
    )


def test_behaviours_in_no_evidence_are_listed_once_and_applied_nowhere() -> None:
    """The code that decides a response names its behaviours only to put them into its evidence."""
    listed = [name for names in NOT_IN_EVIDENCE.values() for name in names]
    assert len(listed) == len(set(listed))
    assert set(listed) <= {each.name for each in BEHAVIOURS}
    layers = ("clover/*/operations*", "clover/*/endpoints*", "clover/*/http")
    layers += ("engine/*", "sandbox/*")
    files = [file for layer in layers for file in PACKAGE.glob(f"{layer}.py")]
    words = set(
        re.findall(r"\b[A-Z][A-Z0-9_]{2,}\b", "\n".join(file.read_text() for file in files))
    )
    assert words & set(listed) == set()
    assert words >= IN_EVIDENCE - {"LISTED_CARD", "STRICT_REFUSAL"}


def test_claim_names_are_unique() -> None:
    names = [each.name for each in (*SURFACE, *ALL_ERRORS, *BEHAVIOURS)]
    assert len(names) == len(set(names))


def test_every_unknown_has_a_behaviour_or_text() -> None:
    for each in UNKNOWNS:
        assert each.description, each.topic
        assert each.behaviour is None or each.behaviour.evidence.level == "inferred", each.topic


def charged(server: InProcessServer, source: str) -> Any:
    return server.send("POST", "/v1/charges", {"amount": 100, "currency": "usd", "source": source})


def test_a_token_is_not_checked_with_its_issuer(server: InProcessServer) -> None:
    assert server.send("POST", "/v1/tokens", server.card(DECLINED_CARD)).status == 200


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"number": "4242424242424241", "exp_month": "13", "cvv": "1"}, "incorrect_number"),
        ({"exp_month": "13", "cvv": "1"}, "invalid_expiry_month"),
        ({"cvv": "1"}, "incorrect_cvc"),
    ],
)
def test_first_validation_error_is_reported(
    server: InProcessServer, changes: dict[str, str], code: str
) -> None:
    got = server.send("POST", "/v1/tokens", server.card(**changes))
    assert (got.status, got.json["error"]["code"]) == (400, code)


def test_unused_token_does_not_expire(server: InProcessServer) -> None:
    token = server.token()
    server.clock.advance(365 * 86_400_000)
    assert charged(server, token).status == 200


def test_single_pay_and_multi_pay_tokens(server: InProcessServer) -> None:
    token = server.token()
    again = [charged(server, token).status for _ in range(2)]
    customer = server.customer()["id"]
    assert (again, [charged(server, customer).status for _ in range(2)]) == ([200, 400], [200, 200])


def test_the_newest_of_several_saved_cards_pays(server: InProcessServer) -> None:
    customer = server.customer(VISA)
    other = {"email": customer["email"], "source": server.token("5204245250003294")}
    server.send("PUT", f"/v1/customers/{customer['id']}", other)
    assert charged(server, customer["id"]).json["source"]["last4"] == "3294"


def test_saving_asks_the_issuer(server: InProcessServer) -> None:
    body = {"email": "jo@example.com", "source": server.token(DECLINED_CARD)}
    got = server.send("POST", "/v1/customers", body)
    assert (got.status, got.json["error"]["code"]) == (402, "card_declined")


@pytest.mark.parametrize(("price", "tax"), [(4, 0), (5, 1), (14, 1), (15, 2)])
def test_half_a_cent_of_tax_is_rounded_up(server: InProcessServer, price: int, tax: int) -> None:
    item = {"amount": price, "quantity": 1, "tax_rates": [{"name": "Tax", "rate": 1_000_000}]}
    created = server.send("POST", "/v1/orders", {"currency": "usd", "items": [item]})
    assert created.json["amount"] == price + tax


# The command and the page ------------------------------------------------------------------------


def everything_told() -> dict[str, Any]:
    completed = run_cli("evidence", "--json")
    assert completed.code == 0
    everything: dict[str, Any] = json.loads(completed.stdout)
    return everything


def test_the_command_counts_and_lists() -> None:
    completed = run_cli("evidence")
    assert completed.code == 0
    lines = completed.stdout.splitlines()
    assert lines[0].split() == ["KIND", "DOCUMENTED", "OBSERVED", "INFERRED", "TOTAL"]
    shown = {line.split()[0] for line in lines if line}
    assert {each.name for each in BEHAVIOURS} <= shown
    assert {"Behaviours", "Known", "Open"} <= shown


def test_an_unknown_scenario_is_told() -> None:
    completed = run_cli("evidence", "--scenario", "nowhere")
    assert (completed.code, "nowhere" in completed.stderr) == (2, True)


def test_counts_match_rows() -> None:
    everything = everything_told()
    for kind, counts in everything["counts"].items():
        assert sum(counts.values()) == len(everything[kind]), f"one of the {kind} has no evidence"


def test_fidelity_page_is_up_to_date() -> None:
    assert_generated(PAGE, page(), "reference/test_fidelity.py")


def page() -> str:
    told_now = everything_told()
    marks = ["evidence", "source"]
    parts = [
        "# Fidelity",
        "The source of every claim that this mock makes about Clover, generated from the code. "
        "*documented*: a page or a document of Clover states it. *observed*: it was recorded from "
        "Clover, or a client of Clover relies on it. *inferred*: our own conclusion, because no "
        "source was found. Operations, errors and test cards are in the [reference](reference.md), "
        "with their evidence levels. `mock-clover evidence --json` prints all claims. "
        "[Sources](#sources) explains the abbreviations.",
        "The header `x-mock-clover-evidence` contains the lowest evidence level among the claims "
        "that a response depends on: the operation, the issuer's decision, the error, and "
        "behaviours such as `NEWEST_CARD_IS_CHARGED`. Messages and fields are not taken into "
        "account. "
        "`serve --strict evidence` rejects requests that depend on an inferred claim. "
        "`allow_inferred` in a scenario's settings lists the claims, by their names on this page, "
        "that are allowed anyway.",
        "An evidence level applies to the whole claim in its row. The source column says if a part "
        "of it, such as the message of a documented error code, is only inferred.",
        _rows(count_rows(told_now), ["kind", *EVIDENCE_LEVELS, "total"]),
        "## Behaviours",
        "Claims that are neither a field nor an error. If a setting is listed, it changes the "
        "behaviour.",
        _rows(told_now["behaviours"], ["name", "about", *marks, "setting"]),
        "## Known differences",
        _rows(_of_the_mock(told_now["differences"]), ["about", "mock-clover"]),
        "## Facts of 2026",
        "What recordings, pages and public clients of 2026 added or corrected. A test sends each "
        "request and compares the whole response, whose evidence is that of its weakest claim: "
        "that need not be the fact. Paths without a version are relative to "
        "/v3/merchants/{merchant_id}.",
        _rows(_facts(), ["fact", "request", "settings", "status", *marks]),
        "## Unknown",
        "What we could not find in public sources, and what the mock does instead.",
        _rows(_of_the_mock(told_now["unknown"]), ["about", "mock-clover"]),
        "## Webhooks",
        _rows(told_now["webhooks"], ["name", "about", *marks]),
        "## Fields",
        "All fields of request and response bodies, grouped by source.",
        _rows(_by_source(told_now["fields"]), ["record", "fields", *marks]),
        "## Sources",
        "Abbreviations in the source columns of this page and of the [reference](reference.md).",
        _rows(told_now["sources"], ["key", "about"]),
    ]
    return "\n\n".join(parts) + "\n"


def _facts() -> list[dict[str, Any]]:
    rows = []
    for each in (*charge_facts.FACTS, *additions.FACTS, *platform_facts.FACTS):
        settings: dict[str, Any] = getattr(each, "settings", {})
        shown = ", ".join(f"{name}: {str(value).lower()}" for name, value in settings.items())
        row = {"fact": each.fact, "request": f"`{each.request}`", "settings": shown}
        rows.append(row | {"status": each.status, "evidence": each.evidence, "source": each.source})
    return rows


def _of_the_mock(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"about": row["about"], "mock-clover": row["mock_behaviour"]} for row in rows]


def _by_source(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    grouped: dict[tuple[str, ...], list[str]] = {}
    for row in found:
        of = (row["record"], row["evidence"], row["source"])
        grouped.setdefault(of, []).append(row["name"])
    return [
        {"record": record, "fields": ", ".join(names), "evidence": evidence, "source": source}
        for (record, evidence, source), names in grouped.items()
    ]


def _rows(rows: list[dict[str, Any]], names: list[str]) -> str:
    lines = [f"| {' | '.join(names)} |", f"|{'---|' * len(names)}"]
    lines += [
        "| " + " | ".join(str(row[name]).replace("|", "\\|") for name in names) + " |"
        for row in rows
    ]
    return "\n".join(lines)
