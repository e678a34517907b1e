"""Scenario files: an error has its line and a suggestion."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from mock_clover.clover.common.cards import brand_of
from mock_clover.clover.surface import OPERATIONS
from mock_clover.core.masking import passes_luhn
from mock_clover.scenario.load import VALUES_MAX, builtin_names, load, load_with_warnings, parse
from mock_clover.scenario.records import Scenario, ScenarioError
from tests.failure_messages import assert_no_errors
from tests.fake_clock import count_calls
from tests.in_process import InProcessServer

ROOT = Path(__file__).parents[2]
CALLS_MAX = 20 * VALUES_MAX
"""Maximum function calls for a file: twenty for each value that it may hold."""
CARD = '{number: "4242424242424242", outcome: approve}'


@pytest.mark.parametrize("name", builtin_names())
def test_every_shipped_scenario_loads_under_its_own_name(name: str) -> None:
    assert load(name).name == name


def test_listed_cards_are_complete_and_valid() -> None:
    assert_no_errors(
        f"scenarios/sandbox.yaml: give the card {card.number} a number that passes its check "
        f"digit, `brand: {brand_of(card.number)}` and a `source:`"
        for card in load("sandbox").cards
        if not (passes_luhn(card.number) and card.brand == brand_of(card.number) and card.source)
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "name: x\ncard: []",
            "s.yaml:2:1: Object contains unknown field `card`; did you mean `cards`?",
        ),
        (
            "name: x\ncards:\n  - {number: '4242424242424242', outcom: approve}",
            "s.yaml:3:34: Object contains unknown field `outcom`; did you mean `outcome`?",
        ),
        (
            "name: x\ncards:\n  - {number: '4242424242424242', outcome: aprove}",
            "s.yaml:3:34: Invalid enum value 'aprove'; did you mean `approve`?",
        ),
        (
            "name: x\ncards:\n  - number: '4242424242424242'\n    outcome: approve\n"
            "    brands: VISA",
            "s.yaml:5:5: Object contains unknown field `brands`; did you mean `brand`?",
        ),
        ("name: x\nsettings: {strikt: true}", "did you mean `strict`?"),
        ("name: x\nsettings: {dialect: documentd}", "did you mean `documented`?"),
        ("name: x\nsettings: {strict: 'yes'}", "s.yaml:2:12: Expected `bool`, got `str`"),
        ("name: Big Name", "s.yaml:1:1: The value does not have the form"),
        ("cards: []", "Object missing required field `name`"),
        (
            "name: x\ncards:\n  - {number: 4242424242424242, outcome: approve}",
            "s.yaml:3:6: Expected `str`, got `int`",
        ),
        (
            "name: x\ncards:\n  - {number: '4242424242424241', outcome: approve}",
            "s.yaml:3:6: the number fails the Luhn check",
        ),
        (
            f"name: x\ncards:\n  - {CARD}\n  - {{number: '378282246310005', brand: VISA, "
            "outcome: approve}",
            "s.yaml:4:33: the brand of this number is AMEX, not VISA",
        ),
        (
            "name: x\ncards:\n  - {number: '9792000000000003', outcome: approve}",
            "no known card brand issues this number; set `brand`",
        ),
        ("name: x\nname: y", "s.yaml:2:1: duplicate key `name`"),
        ("name: x\ncards: &a []\nsettings: *a", "s.yaml:3:11: aliases (*) are not allowed"),
        ("name: !!python/object/apply:os.system [id]", "s.yaml:1:7: tags (!) are not allowed"),
        ("name: [", "s.yaml:"),
        ("name: x\n\tcards: []", "s.yaml:2:1: "),
        ("[" * 100, "nested more than 32 levels deep"),
        ("- 1", "a scenario consists of `member: value`, and this is a list"),
        ("", "s.yaml:1:1: the scenario is empty; it needs at least a name"),
        ("name: '{{7*7}}'", "does not have the form"),
    ],
)
def test_scenario_error_has_line_and_column(text: str, message: str) -> None:
    with pytest.raises(ScenarioError) as error:
        parse(text.encode(), "s.yaml")
    assert message in str(error.value)
    assert str(error.value).startswith("s.yaml:")


WHEN = "name: x\nrules:\n  - when: {%s}\n    then: {problem: UNAUTHORIZED}"
THEN = "name: x\nrules:\n  - when: {%s}\n    then: {%s}"
FAULT = "name: x\nfaults:\n  - {%s}"
AUDIT = "name: x\naudit: {%s}"
LINE = "name: x\ncards:\n  - {number: '4242424242424242', %s}"


@pytest.mark.parametrize(
    ("text", "where", "message"),
    [
        # members, at every depth
        ("name: x\nrule: []", "2:1", "field `rule`; did you mean `rules`?"),
        ("name: x\nrules:\n  - {wen: {}, then: {}}", "3:6", "`wen`; did you mean `when`?"),
        ("name: x\nrules:\n  - {when: {}}", "3:5", "missing required field `then`"),
        ("name: x\nrules:\n  when: {}", "2:1", "Expected `array`, got `object`"),
        (WHEN % "amout: 1", "3:12", "`amout`; did you mean `amount`?"),
        (WHEN % "number: '4242424242424242'", "3:12", "`number`; it belongs in `card`"),
        (WHEN % "xyzzy: 1", "3:12", "`xyzzy`; allowed: after, amount, card, currency, "),
        (WHEN % "card: {nmber: '1'}", "3:19", "`nmber`; did you mean `number`?"),
        (WHEN % "amount: {mn: 1}", "3:21", "`mn`; did you mean `min`?"),
        (THEN % ("", "declin: {}"), "4:12", "`declin`; did you mean `decline`?"),
        (THEN % ("", "decline_code: lost_card"), "4:12", "it belongs in `decline`"),
        (THEN % ("", "decline: {declinecode: x}"), "4:22", "did you mean `decline_code`?"),
        (THEN % ("", "approve: {checks: {cvc: pass}}"), "4:31", "did you mean `cvc_check`?"),
        (LINE % "outcome: approve, checks: {zip: pass}", "3:61", "unknown check `zip`"),
        (FAULT % "kind: drop, time: 2", "3:18", "`time`; did you mean `times`?"),
        (FAULT % "when: after_commit", "3:5", "missing required field `kind`"),
        ("name: x\nsettings: {rate_limit: true}", "2:12", "did you mean `rate_limits`?"),
        # the audit
        (AUDIT % "ignored: {}", "2:9", "`ignored`; did you mean `ignore`?"),
        (AUDIT % "ignore: {CLV31: x}", "2:18", "unknown rule 'CLV31'; did you mean `CLV031`?"),
        (AUDIT % "ignore: {no-key: x}", "2:18", "'no-key'; write its id, such as CLV014"),
        (AUDIT % "ignore: {CLV031: ' '}", "2:18", "the reason is missing; write why"),
        (AUDIT % "ignore: {CLV031: }", "2:18", "Expected `str`, got `null`"),
        (AUDIT % "ignore: [CLV031]", "2:9", "Expected `object`, got `array`"),
        # words
        (WHEN % "source: multypay", "3:12", "'multypay'; did you mean `multipay`?"),
        (WHEN % "card: {brand: VIZA}", "3:19", "'VIZA'; did you mean `VISA`?"),
        (
            WHEN % "card: {brand: MASTERCARD}",
            "3:19",
            "allowed: AMEX, DINERS_CLUB, DISCOVER, ",
        ),
        (THEN % ("", "approve: {checks: {cvc_check: passed}}"), "4:31", "did you mean `pass`?"),
        (FAULT % "kind: drip", "3:6", "'drip'; did you mean `drop`?"),
        (FAULT % "kind: drop, when: after_comit", "3:18", "did you mean `after_commit`?"),
        (LINE % "outcome: approve, evidence: documentd", "3:52", "did you mean `documented`?"),
        (THEN % ("", "problem: UNAUTHORISED"), "4:12", "did you mean `UNAUTHORIZED`?"),
        (THEN % ("", "problem: token_already_used"), "4:12", "did you mean `TOKEN_ALREADY_USED`?"),
        (FAULT % "kind: problem, problem: RATELIMITED", "3:21", "did you mean `RATE_LIMITED`?"),
        (WHEN % "endpoint: create_charges", "3:12", "did you mean `create_charge`?"),
        (WHEN % "endpoint: CreateCharge", "3:12", "did you mean `create_charge`?"),
        (FAULT % "kind: drop, endpoint: create_chrage", "3:18", "did you mean `create_charge`?"),
        # kinds and bounds
        (WHEN % "amount: 10.50", "3:12", "amounts are integers in minor units: 1050 is $10.50"),
        (WHEN % "amount: -1", "3:12", "must not be negative"),
        (WHEN % "amount: {min: 9, max: 3}", "3:12", "min 9 is greater than max 3"),
        (WHEN % "amount: ", "3:12", "has no value; set one, write {} or remove the key"),
        (WHEN % "currency: dollars", "3:12", "must have three letters, for example usd"),
        (WHEN % "currency: no", "3:12", "got `bool`; put the value in quotes"),
        (WHEN % "card: {last4: 4242}", "3:19", "got `int`; put the value in quotes"),
        (WHEN % "header: {x-a: b, x-test: 1}", "3:29", "got `int`; put the value in quotes"),
        (WHEN % "header: {1: a}", "3:12", "got `int`; put the value in quotes"),
        (WHEN % "nth: 0", "3:12", "Expected `int` >= 1"),
        (THEN % ("", "raw: {status: 99}"), "4:18", "Expected `int` >= 200"),
        (THEN % ("", "raw: {status: 204, body: x}"), "4:12", "with status 204 cannot have a body"),
        (THEN % ("", "raw: {status: 304, body: {}}"), "4:12", "with status 304 cannot have a body"),
        (FAULT % "kind: drop, odds: 50", "3:18", "Expected `float` <= 1.0"),
        (FAULT % "kind: drop, odds: .nan", "3:18", "Expected `float` > 0.0"),
        (
            "name: x\nabout: 12:30",
            "2:8",
            "YAML does not read `12:30` as text, but as a date or a number; put it in quotes",
        ),
        ("name: x\nabout: 2024-13-45", "2:8", "put it in quotes"),
        ("<<: {name: x}", "1:1", "YAML does not read `<<` as text"),
        # always invalid
        (WHEN % "card: {number: '4242424242424241'}", "3:19", "the number fails the Luhn check"),
        (WHEN % "card: {number: '4242424242424242', brand: MC}", "3:47", "is VISA, not MC"),
        (
            WHEN % "card: {number: '4242424242424242', prefix: '5'}",
            "3:47",
            "does not start with",
        ),
        (
            WHEN % "card: {number: '4242424242424242', last4: '1'}",
            "3:47",
            "Expected `str` matching",
        ),
        (
            WHEN % "card: {number: '4242424242424242', last4: '1111'}",
            "3:47",
            "does not end with",
        ),
        (WHEN % "nth: 3, first: 2", "3:12", "no request can match all of nth: 3, first: 2"),
        (WHEN % "nth: 3, every: 2", "3:12", "no request can match all of nth: 3, every: 2"),
        (WHEN % "nth: 2, after: 2", "3:12", "no request can match all of nth: 2, after: 2"),
        (WHEN % "first: 3, after: 3", "3:12", "no request can match all of first: 3, after: 3"),
        (WHEN % "first: 3, every: 4", "3:12", "no request can match all of first: 3, every: 4"),
        (
            THEN % ("", ""),
            "4:5",
            "must set one of approve, decline, problem, raw, threeds, fault or webhook",
        ),
        (THEN % ("", "approve: {}, decline: {}"), "4:25", "cannot be combined with `approve`"),
        (
            THEN % ("", "problem: UNAUTHORIZED, raw: {}"),
            "4:35",
            "cannot be combined with `problem`",
        ),
        (
            THEN % ("endpoint: list_charges", "decline: {}"),
            "4:12",
            "list_charges requests no authorization; allowed for create_charge, create_customer, ",
        ),
        (THEN % ("amount: 100", "approve: {amount: 100}"), "4:22", "must be below the amount 100"),
        (THEN % ("", "fault: {kind: drop, times: 2}"), "4:32", "use `when.first`"),
        (THEN % ("", "fault: {kind: drop, endpoint: x}"), "4:32", "use `when.endpoint`"),
        (
            THEN % ("", "fault: {kind: drop, ttl_ms: 1}"),
            "4:32",
            "`ttl_ms` is not allowed",
        ),
        (
            FAULT % "kind: drop, problem: UNAUTHORIZED",
            "3:18",
            "not allowed with kind drop",
        ),
        (FAULT % "kind: problem", "3:6", "kind problem requires problem=NAME"),
        (FAULT % "kind: delay", "3:6", "kind delay requires delay_ms, for example 2000"),
        (
            LINE % "outcome: approve, decline_code: x",
            "3:52",
            "not allowed with outcome approve",
        ),
        (
            LINE % "outcome: decline, checks: {}",
            "3:52",
            "not allowed with outcome decline",
        ),
    ],
)
def test_rule_and_fault_errors_have_line_and_column(text: str, where: str, message: str) -> None:
    with pytest.raises(ScenarioError) as error:
        parse(text.encode(), "s.yaml", OPERATIONS)
    first = str(error.value).splitlines()[0]
    assert first.startswith(f"s.yaml:{where}: ")
    assert message in first


def test_all_errors_are_reported_in_file_order() -> None:
    text = "name: x\nrules:\n  - then: {problem: A}\n  - {when: {nth: 2, first: 1}, then: {}}"
    with pytest.raises(ScenarioError) as error:
        parse(text.encode(), "s.yaml", OPERATIONS)
    assert str(error.value).splitlines() == [
        "s.yaml:3:12: unknown problem `A` - at `rules[0].then.problem`",
        "s.yaml:4:13: no request can match all of nth: 2, first: 1 - at `rules[1].when.nth`",
        "s.yaml:4:32: must set one of approve, decline, problem, raw, threeds, fault or"
        " webhook - at `rules[1].then`",
    ]


@pytest.mark.parametrize(
    "text",
    [
        THEN % ("", "problem: UNAUTHORIZED, fault: {kind: drop}"),
        THEN % ("", "fault: {kind: delay, delay_ms: 5}"),
        THEN % ("", "raw: {status: 503, body: null}"),
        THEN % ("nth: 4, every: 2, after: 3, first: 4", "approve: {}"),
        THEN % ("amount: {min: 5, max: 5}", "approve: {amount: 3}"),
        THEN % ("endpoint: pay_order", "decline: {}"),
        THEN % ("endpoint: list_charges", "approve: {}"),
    ],
)
def test_unusual_but_valid_scenarios_load(text: str) -> None:
    assert len(parse(text.encode(), "s.yaml", OPERATIONS).rules) == 1


def test_without_names_any_operation_is_taken() -> None:
    assert parse((WHEN % "endpoint: not_yet").encode(), "s.yaml").rules[0].when.endpoint


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "rules:\n  - then: {approve: {}}\n  - when: {amount: 1}\n    then: {decline: {}}",
            "4:5: warning: never used: rule 1 comes first, and it matches every request",
        ),
        (
            "rules:\n  - {when: {amount: 1}, then: {approve: {}}}\n"
            "  - {when: {amount: 1, currency: usd, first: 2}, then: {decline: {}}}",
            "4:5: warning: never used: rule 1 comes first - at `rules[1]`",
        ),
        (
            "rules:\n  - {then: {decline: {decline_code: insufficent_funds}}}",
            "3:23: warning: unknown decline code `insufficent_funds`; "
            "did you mean `insufficient_funds`?",
        ),
        (
            f"cards:\n  - {CARD}\n  - {CARD}",
            "4:6: warning: never used: card 1 has the same number and comes first",
        ),
    ],
)
def test_suspicious_values_give_warnings(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(f"name: x\n{text}")
    (warning,) = load_with_warnings(str(path), OPERATIONS)[1]
    assert warning.startswith(f"{path}:{message}")


@pytest.mark.parametrize(
    "text",
    [
        "rules:\n  - {when: {first: 1}, then: {approve: {}}}\n  - then: {decline: {}}",
        "rules:\n  - {when: {amount: 1}, then: {approve: {}}}\n"
        "  - {when: {amount: 2}, then: {approve: {}}}",
        "rules:\n  - {then: {decline: {decline_code: zzz}}}",
    ],
)
def test_plausible_values_give_no_warnings(tmp_path: Path, text: str) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(f"name: x\n{text}")
    assert load_with_warnings(str(path), OPERATIONS)[1] == []


@pytest.mark.fuzz
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("k0: &a0 [x]\n" + "".join(f"k{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 12)), "aliases"),
        ("name: !!python/object/apply:os.system [id]", "tags"),
        ("name: !!binary aGk=", "tags"),
        ("[" * 500_000, "nested more than 32 levels deep"),
        ("{a: " * 200_000, "nested more than 32 levels deep"),
        ("- " * 300_000, "nested more than 32 levels deep"),
        ("? " * 300_000, "nested more than 32 levels deep"),
        ("name: x\nrules:\n" + "- {}\n" * 200_000, "more than 60000 values"),
        ("name: x\nrules:\n" + "- then: {}\n" * 90_000, "more than 60000 values"),
        ("".join(f"k{n}: 1\n" for n in range(90_000)), "more than 60000 values"),
        ("---\n" * 250_000, "more than 60000 values"),
        (
            "name: x\nrules:\n" + "- {then: {problem: UNAUTHORISED}}\n" * 1_001,
            "2:1: Expected `array` of length <= 1000",
        ),
        (
            "name: x\nrules:\n" + "- {then: {problem: UNAUTHORISED}}\n" * 1_000,
            "unknown problem `UNAUTHORISED`",
        ),
        ("name: x\n" + "name: y\n" * 100_000, "duplicate key `name`"),
        ("name: 1" + ":1" * 500_000, "YAML does not read `1:1:1"),
        ("name: 1" + ":1" * 500 + ".5", "YAML does not read `1:1:1"),
        ("name: " + "9" * 1_000_000, "YAML does not read `999"),
        ("? " + "k" * 900_000 + "\n: x\nname: x", "Object contains unknown field `kkk"),
        ("name: \0", "control characters are not allowed"),
        ("name: x\nrules: [" + "{}," * 5 + "\ud7ff", "s.yaml:"),
    ],
    ids=lambda value: value[:30],
)
def test_a_hostile_file_is_refused_with_bounded_work(text: str, message: str) -> None:
    raw = text.encode()
    with pytest.raises(ScenarioError) as error, count_calls(CALLS_MAX):
        parse(raw, "s.yaml", OPERATIONS)
    assert message in str(error.value)
    assert len(str(error.value)) < 20_000


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.yaml"
    with path.open("wb") as file:
        file.truncate(10 << 30)  # sparse: ten gigabytes without content
    with pytest.raises(ScenarioError, match="the file is larger than the maximum of 1048576 bytes"):
        load(str(path))


@pytest.mark.parametrize("name", sorted(set(builtin_names()) - {"sandbox"}))
def test_built_in_scenario_is_short_and_documented(name: str) -> None:
    path = ROOT / "scenarios" / f"{name}.yaml"
    lines = path.read_text().splitlines()
    schema = lines[0].removeprefix("# yaml-language-server: $schema=")
    assert (path.parent / schema).resolve() == ROOT / "docs/scenario.schema.json"
    opening = "\n".join(lines[: next(n for n, line in enumerate(lines) if line[:1] != "#")])
    assert f"mock-clover serve --scenario {name}\n" in opening
    assert "curl -s $CLOVER_BASE_URL/v1/charges" in opening
    assert max(map(len, lines)) <= 160
    scenario, warnings = load_with_warnings(str(path), OPERATIONS)
    assert_no_errors(map(str, warnings))
    assert scenario.about
    assert all(rule.name for rule in scenario.rules)
    own = yaml.safe_load(path.read_text())
    claims = len(own.get("rules", ())) + len(own.get("cards", ()))
    assert path.read_text().count("evidence:") >= claims, (
        f"scenarios/{name}.yaml: give each rule and each card its `evidence:`"
    )


@pytest.mark.parametrize("name", sorted(set(builtin_names()) - {"sandbox"}))
def test_the_published_cards_keep_working_in_every_scenario(name: str, make_server: Any) -> None:
    """Without faults and rate limits."""
    quiet = {"rate_limits": False}
    plain = make_server()
    other = make_server(_without_faults(load(name)), **quiet)
    brings = {"address_line1": "1 Main St", "address_zip": "94041"}
    changed = []
    for card in load("sandbox").cards:
        cvv = "1234" if card.brand == "AMEX" else "123"
        got = [_ended(server, card.number, cvv=cvv, **brings) for server in (plain, other)]
        if name == "expired-token":
            other = make_server(_without_faults(load(name)), **quiet)
        if got[0] != got[1]:
            changed.append(
                f"scenarios/{name}.yaml: add `extends: sandbox`, or correct the rule or card that "
                f"changes the card {card.number}: a charge gets {got[1]} here and {got[0]} there"
            )
    assert_no_errors(changed)


def _without_faults(scenario: Scenario) -> Scenario:
    from msgspec.structs import replace

    return replace(scenario, faults=())


def _ended(server: InProcessServer, pan: str, **brings: Any) -> Any:
    body = {"amount": 1234, "currency": "usd", "source": server.token(pan, **brings)}
    got = server.send("POST", "/v1/charges", body)
    result = got.json.get("source") or got.json["error"]
    return got.status, {n: v for n, v in result.items() if n not in ("id", "charge")}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("sandbx", "unknown scenario 'sandbx'; did you mean `sandbox`?"),
        ("../sandbox", "cannot read file: No such file"),
        ("nowhere.yaml", "nowhere.yaml: cannot read file: No such file or directory"),
        ("/dev/null.yaml", "cannot read file"),
    ],
)
def test_missing_scenario_is_reported(name: str, message: str) -> None:
    with pytest.raises(ScenarioError) as error:
        load(name)
    assert message in str(error.value)


def test_custom_scenario_file(tmp_path: Path, make_server: Any) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(
        "name: mine\n"
        "cards:\n"
        '  - {number: "4242424242424242", outcome: decline, decline_code: insufficient_funds,\n'
        '     message: "${HOME} {{7*7}}"}\n'
    )
    server = make_server(load(str(path)))
    got = server.send(
        "POST", "/v1/charges", {"amount": 1, "currency": "usd", "source": server.token()}
    )
    assert got.json["error"]["declineCode"] == "insufficient_funds"
    assert got.json["error"]["message"] == "${HOME} {{7*7}}", "data only: nothing is evaluated"
    assert got.why == "mine: card ...4242 is listed to decline (inferred)"
