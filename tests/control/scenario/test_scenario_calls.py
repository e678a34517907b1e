"""The scenario of a sandbox: replaced, rejected and checked."""

from typing import Any

import pytest

from mock_clover.scenario.load import builtin_names, load
from tests.control.calls import got
from tests.in_process import VISA, InProcessServer


@pytest.mark.parametrize("method", ["PUT", "POST"])
@pytest.mark.parametrize("name", builtin_names())
def test_a_scenario_by_its_name(server: InProcessServer, method: str, name: str) -> None:
    scenario = load(name)
    status, answer = got(server.send(method, "/_mock/scenario", {"name": name}))
    shown = {key: answer[key] for key in ("name", "about", "cards", "faults")}
    assert (status, shown) == (
        200,
        {
            "name": name,
            "about": scenario.about,
            "cards": len(scenario.cards),
            "faults": len(scenario.faults),
        },
    )
    assert len(answer["rules"]) == len(scenario.rules)
    assert got(server.send("GET", "/_mock/scenario")) == (200, answer)


def test_a_whole_document(server: InProcessServer) -> None:
    document = {
        "name": "mine",
        "about": "Mine.",
        "settings": {"dialect": "documented"},
        "cards": [{"number": VISA, "outcome": "decline"}],
        "rules": [
            {
                "name": "big",
                "when": {"amount": {"min": 100}},
                "then": {"problem": "RATE_LIMITED"},
            },
            {"when": {"currency": "cad"}, "then": {"approve": {}}},
        ],
        "faults": [{"kind": "drop", "endpoint": "create_refund"}],
    }
    answer = {
        "name": "mine",
        "about": "Mine.",
        "cards": 1,
        "rules": ["mine: rule 1 (big) (inferred)", "mine: rule 2 (inferred)"],
        "faults": 1,
        "settings": {"dialect": "documented"},
    }
    assert got(server.send("PUT", "/_mock/scenario", document)) == (200, answer)
    statuses = [
        server.send(
            "POST",
            "/v1/charges",
            {"amount": amount, "currency": currency, "source": server.token()},
        ).status
        for amount, currency in ((100, "usd"), (99, "cad"), (99, "usd"))
    ]
    assert statuses == [429, 200, 400]


def test_rows_are_kept_when_scenario_changes(server: InProcessServer) -> None:
    charge = server.charge()["id"]
    server.send("PUT", "/_mock/scenario", {"name": "declines"})
    assert server.send("GET", f"/v1/charges/{charge}").status == 200


SHIPPED = "built-in: " + ", ".join(builtin_names())
SCENARIO_REFUSALS: list[tuple[Any, str]] = [
    (
        {},
        'the body is empty; send a scenario, or the name of one such as {"name": "declines"}',
    ),
    ([], "the body: expected an object, got an array"),
    ({"name": "../x"}, "scenario: '../x' is a path; use the name of a built-in scenario"),
    ({"name": "x.yaml"}, "scenario: 'x.yaml' is a path; use the name of a built-in scenario"),
    (
        {"name": "x", "ruls": []},
        "Object contains unknown field `ruls`; did you mean `rules`?",
    ),
]


@pytest.mark.parametrize(
    ("requested", "message"), SCENARIO_REFUSALS, ids=lambda each: str(each)[:40]
)
def test_invalid_scenario_is_rejected(
    server: InProcessServer, requested: Any, message: str
) -> None:
    before = got(server.send("GET", "/_mock/scenario"))
    assert got(server.send("PUT", "/_mock/scenario", requested)) == (400, {"message": message})
    assert got(server.send("GET", "/_mock/scenario")) == before


@pytest.mark.parametrize(("name", "meant"), [("declins", "declines"), ("@", ""), ("", "")])
def test_unknown_scenario_error_lists_scenarios(
    server: InProcessServer, name: str, meant: str
) -> None:
    for method, path, body in (
        ("PUT", "/_mock/scenario", {"name": name}),
        ("PUT", "/_mock/sandboxes/x", {"scenario": name}),
    ):
        status, answer = got(server.send(method, path, body))
        assert (status, SHIPPED in answer["message"]) == (400, True)
        assert f"unknown scenario {name!r}" in answer["message"]
        assert ("did you mean" in answer["message"]) == bool(meant)
        assert meant in answer["message"]


RULE_MISTAKES: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown problem": ({"rules": [{"then": {"problem": "RATE_LIMITD"}}]}, "RATE_LIMITED"),
    "an unknown problem of a fault": (
        {"faults": [{"kind": "problem", "problem": "RATE_LIMITD"}]},
        "RATE_LIMITED",
    ),
    "an unknown endpoint": (
        {"rules": [{"when": {"endpoint": "create_chrge"}, "then": {"approve": {}}}]},
        "create_charge",
    ),
    "a number that is none": (
        {"cards": [{"number": "4242424242424241", "outcome": "approve"}]},
        "cards[0]",
    ),
    "nothing that follows": ({"rules": [{"then": {}}]}, "rules[0].then"),
}


@pytest.mark.parametrize(("more", "message"), RULE_MISTAKES.values(), ids=RULE_MISTAKES)
def test_a_document_is_checked_as_a_file_is(
    server: InProcessServer, more: dict[str, Any], message: str
) -> None:
    before = got(server.send("GET", "/_mock/scenario"))
    status, answer = got(server.send("PUT", "/_mock/scenario", {"name": "x"} | more))
    assert (status, message in answer.get("message", "")) == (400, True)
    assert got(server.send("GET", "/_mock/scenario")) == before


def test_unknown_nested_field_gets_suggestion(server: InProcessServer) -> None:
    rule = {"when": {"amout": 1}, "then": {"approve": {}}}
    result = got(server.send("PUT", "/_mock/scenario", {"name": "x", "rules": [rule]}))
    message = "rules[0].when: Object contains unknown field `amout`; did you mean `amount`?"
    assert result == (400, {"message": message})
