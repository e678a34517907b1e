"""Scenarios for an editor: read as text, checked as by `mock-clover check`, and set."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mock_clover.clover.surface import RULE_OPERATIONS
from mock_clover.scenario.load import builtin_folder, builtin_names, load, load_with_warnings, parse
from mock_clover.scenario.records import ScenarioError
from mock_clover.scenario.write import to_yaml
from tests.in_process import InProcessServer, Response
from tests.raw_http import call
from tests.server_process import ServerProcess

VALID_BODIES = "# mine\nname: mine\nrules:\n  - then: {decline: {decline_code: lost_card}}\n"
YAML = {"content-type": "text/yaml"}


def put(server: InProcessServer, text: str, kind: str = "text/yaml") -> Response:
    return server.send("PUT", "/_mock/scenario", raw=text.encode(), headers={"content-type": kind})


def check_of(server: InProcessServer, text: bytes, **headers: str) -> Any:
    got = server.send("POST", "/_mock/scenario/check", raw=text, headers=YAML | headers)
    assert got.status == 200, got
    return got.json


def text_of(server: InProcessServer) -> str:
    got = server.send("GET", "/_mock/scenario/text")
    assert got.content_type == "text/plain; charset=utf-8"
    return got.body.decode()


def test_built_in_scenarios_are_listed_and_returned(server: InProcessServer) -> None:
    listed = server.send("GET", "/_mock/scenarios").json["data"]
    assert listed == [{"name": name, "about": load(name).about} for name in builtin_names()]
    for name in builtin_names():
        got = server.send("GET", f"/_mock/scenarios/{name}")
        assert got.body == (builtin_folder() / f"{name}.yaml").read_bytes()
        assert got.content_type == "text/plain; charset=utf-8"


@pytest.mark.parametrize("name", ["declins", "..", "sandbox.yaml", "%2e%2e%2fpyproject.toml"])
def test_no_other_file_is_read(server: InProcessServer, name: str) -> None:
    got = server.send("GET", f"/_mock/scenarios/{name}")
    assert got.status == 404
    meant = {"declins": "declines", "sandbox.yaml": "sandbox"}.get(name)
    hint = f"; did you mean `{meant}`?" if meant else f"; one of {', '.join(builtin_names())}"
    assert got.json == {"message": f"scenario: unknown name {name!r}{hint}"}


WRONG: dict[str, tuple[bytes, list[tuple[int, int, str, str]]]] = {
    "a member that is none": (
        b"name: x\nrulez: []\n",
        [(2, 1, "rulez", "Object contains unknown field `rulez`; did you mean `rules`?")],
    ),
    "an operation that is none": (
        b"name: x\nrules:\n  - when: {endpoint: create_chrge}\n    then: {approve: {}}\n",
        [
            (
                *(3, 12, "rules[0].when.endpoint"),
                "unknown operation `create_chrge`; did you mean `create_charge`?",
            )
        ],
    ),
    "two things": (
        b"name: x\nrules:\n  - then: {}\n  - then: {problem: NOPE}\n",
        [
            (3, 5, "rules[0].then", "must set one of approve"),
            (4, 12, "rules[1].then.problem", "unknown problem"),
        ],
    ),
    "no YAML": (b"name: [x\n", [(2, 1, "", "did not find expected ',' or ']'")]),
    "an alias": (b"name: &a x\nabout: *a\n", [(2, 8, "", "aliases (*) are not allowed")]),
    "no UTF-8": (b"name: \xff\n", [(1, 1, "", "invalid YAML: ")]),
    "nothing": (b"", [(1, 1, "", "the scenario is empty")]),
    "a list": (
        b"- name",
        [(1, 1, "", "a scenario consists of `member: value`, and this is a list")],
    ),
    "a number of a card": (b"name: 4539148803436467\n", [(1, 1, "name", "Expected `str`")]),
}


@pytest.mark.parametrize(("text", "expected"), WRONG.values(), ids=WRONG)
def test_errors_match_check_command(
    server: InProcessServer, tmp_path: Path, text: bytes, expected: list[tuple[int, int, str, str]]
) -> None:
    result = check_of(server, text)
    assert result["ok"] is False
    places = [(each["line"], each["column"], each["path"]) for each in result["findings"]]
    assert places == [each[:3] for each in expected]
    for each, (_, _, _, message) in zip(result["findings"], expected, strict=True):
        assert message in each["said"]
    file = tmp_path / "x.yaml"
    file.write_bytes(text)
    with pytest.raises(ScenarioError) as error:
        load_with_warnings(str(file), RULE_OPERATIONS)
    for each in result["findings"]:
        assert each["said"].removeprefix("invalid YAML: ")[:40] in str(error.value)


def test_valid_text_is_applied(server: InProcessServer) -> None:
    checked = {"ok": True, "name": "mine", "cards": 0, "rules": 1}
    assert check_of(server, VALID_BODIES.encode()) == checked
    assert server.sandbox.rules.scenario.name == "sandbox"
    got = put(server, VALID_BODIES)
    assert (got.status, got.json["name"], got.json["rules"]) == (
        200,
        "mine",
        ["mine: rule 1 (inferred)"],
    )
    assert text_of(server) == VALID_BODIES
    declined = server.send("POST", "/v1/charges", _charge(server))
    assert (declined.status, declined.json["error"]["declineCode"]) == (402, "lost_card")


def _charge(server: InProcessServer) -> dict[str, Any]:
    return {"amount": 1, "currency": "usd", "source": server.token()}


def test_invalid_text_is_rejected_with_position(server: InProcessServer) -> None:
    put(server, VALID_BODIES)
    got = put(server, VALID_BODIES.replace("lost_card", "[]"))
    message = "Expected `str`, got `array`"
    assert (got.status, got.json) == (
        400,
        {
            "message": f"scenario:4:22: {message}",
            "findings": [
                {
                    "line": 4,
                    "column": 22,
                    "path": "rules[0].then.decline.decline_code",
                    "said": message,
                }
            ],
        },
    )
    assert text_of(server) == VALID_BODIES


KINDS = {
    "text/yaml": "mine",
    "text/yaml; charset=utf-8": "mine",
    "application/yaml": "mine",
    "application/x-yaml": "mine",
    "text/plain": "mine",
    "application/x-www-form-urlencoded": "mine",
}


@pytest.mark.parametrize(("kind", "name"), KINDS.items())
def test_yaml_is_known_by_its_type(server: InProcessServer, kind: str, name: str) -> None:
    assert put(server, VALID_BODIES, kind).json["name"] == name


@pytest.mark.parametrize("kind", ["", "application/json", "text/plain", *list(KINDS)[-1:]])
def test_json_is_json_as_before(server: InProcessServer, kind: str) -> None:
    assert put(server, '{"name": "declines"}', kind).json["name"] == "declines"
    assert text_of(server) == (builtin_folder() / "declines.yaml").read_text()


def test_what_was_given_as_a_document_is_written(server: InProcessServer) -> None:
    document = {"name": "mine", "cards": [{"number": "4111111111111111", "outcome": "decline"}]}
    assert server.send("PUT", "/_mock/scenario", document).status == 200
    text = text_of(server)
    assert text == "name: mine\ncards:\n- number: '4111111111111111'\n  outcome: decline\n"
    assert put(server, text).status == 200


@pytest.mark.parametrize("name", builtin_names())
def test_what_is_written_reads_as_the_same(name: str) -> None:
    scenario = load(name)
    assert parse(to_yaml(scenario).encode(), name, RULE_OPERATIONS) == scenario


def test_a_text_goes_with_a_fork(server: InProcessServer) -> None:
    put(server, VALID_BODIES)
    twin = server.sandboxes.fork(server.sandbox, "twin")
    assert twin.rules.text == VALID_BODIES


def test_utf_16_is_yaml_too(server: InProcessServer) -> None:
    raw = VALID_BODIES.encode("utf-16")
    got = server.send("PUT", "/_mock/scenario", raw=raw, headers=YAML)
    assert (got.status, got.json["name"]) == (200, "mine")
    assert parse(text_of(server).encode(), "x").name == "mine"


def test_file_text_is_returned_until_replaced(
    start_server: Callable[..., ServerProcess], tmp_path: Path
) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text(VALID_BODIES)
    port = start_server("--scenario", str(file)).port
    assert call(port, "GET", "/_mock/scenario/text").body.decode() == VALID_BODIES
    file.write_text(VALID_BODIES.replace("lost_card", "expired_card"))
    result = call(port, "GET", "/_mock/scenario/text").body.decode()
    assert result == to_yaml(parse(VALID_BODIES.encode(), "x"))


@pytest.mark.parametrize("path", ["/_mock/scenario/check", "/_mock/scenario"])
@pytest.mark.parametrize(
    "headers",
    [{"origin": "https://evil.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}],
    ids=str,
)
def test_cross_origin_put_is_rejected(
    server: InProcessServer, path: str, headers: dict[str, str]
) -> None:
    """A form of `text/plain` needs no preflight: the guard still rejects it."""
    sent = {"content-type": "text/plain"} | headers
    got = server.send("POST", path, raw=VALID_BODIES.encode(), headers=sent)
    assert (got.status, got.json) == (
        403,
        {"message": "Origin: the control API does not accept requests from other origins"},
    )
    assert server.sandbox.rules.scenario.name == "sandbox"
