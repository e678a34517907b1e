"""A scenario that extends another: what is merged, what may be read, and where errors are."""

import os
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mock_clover.clover.surface import RULE_OPERATIONS
from mock_clover.scenario.load import CHAIN_MAX, load, load_with_warnings, parse, scenario_files
from mock_clover.scenario.records import Scenario, ScenarioError
from mock_clover.scenario.write import to_yaml
from mock_clover.server.watch import Watch
from tests.in_process import DECLINED_CARD, InProcessServer
from tests.logs import LogFile

BASE = """\
name: base
about: The parent.
settings: {strict: true, refuse_inferred: true, allow_inferred: [CODE_LIFETIME], \
checkout: {dashboard: {success: "https://a.example"}}}
cards:
  - {number: "4111111111111111", outcome: decline, decline_code: lost_card}
  - {number: "4242424242424242", outcome: approve}
rules:
  - {name: parent, when: {amount: 1}, then: {approve: {}}}
faults: [{kind: drop, odds: 0.5}]
webhooks: [{id: hook, kind: platform, url: "http://127.0.0.1:9"}]
data: {people: 2}
merchants: [{name: shop}, {name: bakery}]
"""
YAML = {"content-type": "text/yaml"}


@pytest.fixture
def base(tmp_path: Path) -> Path:
    (tmp_path / "base.yaml").write_text(BASE)
    return tmp_path


def child(folder: Path, text: str, extends: str = "base.yaml") -> Scenario:
    file = folder / "child.yaml"
    file.write_text(f"name: child\nextends: {extends}\n{text}")
    return load(str(file), RULE_OPERATIONS)


def error_of(folder: Path, text: str) -> list[str]:
    file = folder / "child.yaml"
    file.write_text(text)
    with pytest.raises(ScenarioError) as error:
        load(str(file), RULE_OPERATIONS)
    return str(error.value).replace(f"{folder}/", "").splitlines()


def test_child_without_members_is_like_its_parent(base: Path) -> None:
    parent = load(str(base / "base.yaml"))
    assert child(base, "") == msgspec.structs.replace(parent, name="child", about="")
    assert "settings" not in to_yaml(child(base, "", "lost-replies"))


MERGED: dict[str, tuple[str, dict[str, Any]]] = {
    "a card replaces that of its number, and others come first": (
        'cards: [{number: "4000000000000002", outcome: decline}, '
        '{number: "4242424242424242", outcome: decline}]',
        {
            "cards": [
                {"number": "4000000000000002", "outcome": "decline"},
                {"number": "4242424242424242", "outcome": "decline"},
                {"number": "4111111111111111", "outcome": "decline", "decline_code": "lost_card"},
            ]
        },
    ),
    "rules come first": (
        "rules: [{name: child, when: {amount: 1}, then: {decline: {}}}]",
        {
            "rules": [
                {"name": "child", "when": {"amount": 1}, "then": {"decline": {}}},
                {"name": "parent", "when": {"amount": 1}, "then": {"approve": {}}},
            ]
        },
    ),
    "settings are merged member by member, and a list is replaced": (
        "settings: {strict: false, allow_inferred: [TOKEN_VALID_UNTIL_CARD_EXPIRES], "
        'checkout: {dashboard: {failure: "https://b.example"}}}',
        {
            "settings": {
                "refuse_inferred": True,
                "allow_inferred": ["TOKEN_VALID_UNTIL_CARD_EXPIRES"],
                "checkout": {
                    "dashboard": {"success": "https://a.example", "failure": "https://b.example"}
                },
            }
        },
    ),
    "faults are replaced": ("faults: [{kind: hang}]", {"faults": [{"kind": "hang"}]}),
    "an empty list leaves none": ("faults: []\nwebhooks: []", {"faults": None, "webhooks": None}),
    "data is replaced": ("data: {people: 1}", {"data": {"people": 1}}),
    "merchants are replaced": ("merchants: [{name: kiosk}]", {"merchants": [{"name": "kiosk"}]}),
    "webhooks are replaced": (
        'webhooks: [{id: w, kind: platform, url: "http://127.0.0.1:8"}]',
        {"webhooks": [{"id": "w", "kind": "platform", "url": "http://127.0.0.1:8"}]},
    ),
}


@pytest.mark.parametrize(("text", "expected"), MERGED.values(), ids=MERGED)
def test_merged_members(base: Path, text: str, expected: dict[str, Any]) -> None:
    plain = msgspec.to_builtins(child(base, ""))
    wanted = {name: value for name, value in (plain | expected).items() if value is not None}
    assert child(base, text) == msgspec.convert(wanted, Scenario)


def test_three_scenarios_are_merged(base: Path) -> None:
    child(base, "rules: [{name: child, then: {approve: {}}}]")
    (base / "sub").mkdir()
    file = base / "sub/grandchild.yml"
    file.write_text('name: g\nextends: ../child.yaml\ncards: [{number: "4111111111111111", '
                    'outcome: approve}]\n')  # fmt: skip
    scenario = load(str(file))
    assert [rule.name for rule in scenario.rules] == ["child", "parent"]
    assert [(card.number[-4:], card.outcome) for card in scenario.cards] == [
        ("1111", "approve"),
        ("4242", "approve"),
    ]


WRONG: dict[str, tuple[str, list[str]]] = {
    "a name that is none": (
        "name: c\nextends: declins\n",
        [
            "child.yaml:2:1: unknown scenario 'declins'; did you mean `declines`?; built-in: "
            "avs-and-cvc, card-on-file, declines, expired-token, flaky-network, lost-replies, "
            "phantom-decline, rate-limited, sandbox, velocity; a path to a file must end in .yaml "
            "- at `extends`"
        ],
    ),
    "a file that is not there": (
        "name: c\nextends: none.yaml\n",
        ["child.yaml:2:1: none.yaml: cannot read file: No such file or directory - at `extends`"],
    ),
    "an absolute path": (
        "name: c\nextends: /etc/passwd.yaml\n",
        [
            "child.yaml:2:1: `/etc/passwd.yaml` is not a relative path that ends in .yaml"
            " - at `extends`"
        ],
    ),
    "another kind of file": (
        "name: c\nextends: ../etc/passwd\n",
        [
            "child.yaml:2:1: `../etc/passwd` is not a relative path that ends in .yaml"
            " - at `extends`"
        ],
    ),
    "no text": (
        "name: c\nextends: [a]\n",
        ["child.yaml:2:1: Expected `str | null`, got `array` - at `extends`"],
    ),
    "empty": (
        "name: c\nextends:\n",
        ["child.yaml:2:1: has no value; set one, write {} or remove the key - at `extends`"],
    ),
    "a misspelled member": (
        "name: c\nextend: sandbox\n",
        [
            "child.yaml:2:1: Object contains unknown field `extend`; did you mean `extends`?"
            " - at `extend`"
        ],
    ),
    "an error of its own, behind the parent's rules": (
        "name: c\nextends: declines\nrules:\n- {when: {endpoint: create_chrge}, "
        "then: {approve: {}}}\n",
        [
            "child.yaml:4:11: unknown operation `create_chrge`; did you mean `create_charge`?"
            " - at `rules[0].when.endpoint`"
        ],
    ),
    "errors of its parent": (
        "name: c\nextends: broken.yaml\n",
        [
            "broken.yaml:3:12: unknown operation `create_chrge`; did you mean `create_charge`?"
            " - at `rules[0].when.endpoint`",
            "child.yaml:2:1: `broken.yaml` is invalid - at `extends`",
        ],
    ),
    "no YAML in its parent": (
        "name: c\nextends: torn.yaml\n",
        [
            "torn.yaml:2:1: did not find expected ',' or ']'; a comma is missing, or a bracket is "
            "not closed",
            "child.yaml:2:1: `torn.yaml` is invalid - at `extends`",
        ],
    ),
    "itself": (
        "name: c\nextends: child.yaml\n",
        [
            "child.yaml:2:1: a scenario cannot extend itself: child.yaml extends child.yaml"
            " - at `extends`"
        ],
    ),
    "a cycle": (
        "name: c\nextends: sub/back.yaml\n",
        [
            "sub/back.yaml:2:1: a scenario cannot extend itself: child.yaml extends back.yaml "
            "extends child.yaml - at `extends`",
            "child.yaml:2:1: `sub/back.yaml` is invalid - at `extends`",
        ],
    ),
    "too much together": (
        "name: c\nextends: long.yaml\nrules: [{then: {approve: {}}}]\n",
        [
            "child.yaml:2:1: together with `long.yaml`: Expected `array` of length <= 1000"
            " - at `$.rules` - at `extends`"
        ],
    ),
}


@pytest.mark.parametrize(("text", "expected"), WRONG.values(), ids=WRONG)
def test_an_error_names_its_file_line_and_column(
    tmp_path: Path, text: str, expected: list[str]
) -> None:
    (tmp_path / "broken.yaml").write_text(
        "name: b\nrules:\n  - when: {endpoint: create_chrge}\n    then: {approve: {}}\n"
    )
    (tmp_path / "torn.yaml").write_text("name: [x\n")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/back.yaml").write_text("name: b\nextends: ../child.yaml\n")
    (tmp_path / "long.yaml").write_text(
        "name: l\nrules:\n" + "- {when: {amount: 1}, then: {approve: {}}}\n" * 1_000
    )
    assert error_of(tmp_path, text) == expected


def test_a_cycle_is_found_from_a_relative_path(tmp_path: Path) -> None:
    file = tmp_path / "child.yaml"
    file.write_text("name: c\nextends: child.yaml\n")
    with pytest.raises(ScenarioError, match=r"child\.yaml extends child\.yaml - at `extends`$"):
        load(os.path.relpath(file))
    (tmp_path / "link.yaml").symlink_to(file)
    with pytest.raises(ScenarioError) as error:
        load(str(tmp_path / "link.yaml"))
    assert "link.yaml extends child.yaml - at `extends`" in str(error.value)


def test_a_chain_has_a_maximum_length(tmp_path: Path) -> None:
    for number in range(CHAIN_MAX):
        text = f"name: n\nextends: {number + 1}.yaml\n" if number < CHAIN_MAX - 1 else "name: n\n"
        (tmp_path / f"{number}.yaml").write_text(text)
    assert load(str(tmp_path / "0.yaml")).name == "n"
    lines = error_of(tmp_path, "name: c\nextends: 0.yaml\n")
    assert lines[0] == "3.yaml:2:1: more than 5 scenarios extend each other - at `extends`"
    assert lines[1:] == [
        f"{name}.yaml:2:1: `{parent}.yaml` is invalid - at `extends`"
        for name, parent in (("2", "3"), ("1", "2"), ("0", "1"), ("child", "0"))
    ]
    assert len(scenario_files(str(tmp_path / "child.yaml"))) == CHAIN_MAX + 1


def test_warnings_concern_only_the_child(base: Path) -> None:
    """A rule or card before the parent's is what `extends` is for."""
    text = 'rules: [{then: {approve: {}}}]\ncards: [{number: "4111111111111111", outcome: approve}]'
    child(base, text)
    assert load_with_warnings(str(base / "child.yaml"), RULE_OPERATIONS)[1] == []
    child(base, "rules: [{then: {approve: {}}}, {then: {decline: {}}}]")
    (warning,) = load_with_warnings(str(base / "child.yaml"), RULE_OPERATIONS)[1]
    assert warning.startswith(f"{base}/child.yaml:3:32: warning: never used: rule 1 comes first")


# Control calls ------------------------------------------------------------------------------------

MINE = "name: mine\nextends: phantom-decline\nrules: [{when: {amount: 7}, then: {decline: {}}}]\n"


def test_a_text_may_extend_a_built_in_scenario(server: InProcessServer) -> None:
    got = server.send("PUT", "/_mock/scenario", raw=MINE.encode(), headers=YAML)
    assert got.json["rules"] == [
        "mine: rule 1 (inferred)",
        "mine: rule 2 (phantom decline by amount) (observed)",
        "mine: rule 3 (phantom decline by card) (observed)",
        "mine: rule 4 (a regular decline) (documented)",
    ]
    assert got.json["cards"] == len(load("sandbox").cards)
    assert server.send("GET", "/_mock/scenario/text").body.decode() == MINE
    charge = {"amount": 40002, "currency": "usd", "source": server.token()}
    assert server.send("POST", "/v1/charges", charge).why == (
        "mine: rule 4 (a regular decline) (documented)"
    )
    declined = charge | {"amount": 1, "source": server.token(DECLINED_CARD)}
    assert server.send("POST", "/v1/charges", declined).why.startswith(
        "mine: VISA ...2222 is listed"
    )


def test_a_document_may_extend_a_built_in_scenario(server: InProcessServer) -> None:
    document = {"name": "mine", "extends": "declines", "settings": {"strict": True}}
    got = server.send("PUT", "/_mock/scenario", document)
    assert (got.status, len(got.json["rules"])) == (200, len(load("declines").rules))
    assert got.json["settings"]["strict"] is True
    text = server.send("GET", "/_mock/scenario/text").body
    assert parse(text, "x") == server.sandbox.rules.scenario, "the written text is complete"


@pytest.mark.parametrize("extends", ["/etc/x.yaml", "../sandbox.yaml", "scenarios/x", "x.yml"])
def test_control_calls_read_no_file(server: InProcessServer, extends: str) -> None:
    message = f"`{extends}` is not a built-in scenario; only a file can extend a file"
    text = f"name: mine\nextends: {extends}\n".encode()
    found = [{"line": 2, "column": 1, "path": "extends", "said": message}]
    checked = server.send("POST", "/_mock/scenario/check", raw=text, headers=YAML)
    assert checked.json == {"ok": False, "findings": found}
    got = server.send("PUT", "/_mock/scenario", raw=text, headers=YAML)
    assert (got.status, got.json["findings"]) == (400, found)
    document = {"name": "mine", "extends": extends}
    for method, path, body in (
        ("PUT", "/_mock/scenario", document),
        ("PUT", "/_mock/sandboxes/other", {"scenario": document}),
    ):
        got = server.send(method, path, body)
        assert (got.status, got.json) == (400, {"message": f"extends: {message}"})
    assert server.sandbox.rules.scenario.name == "sandbox"


def test_unknown_name_in_a_document(server: InProcessServer) -> None:
    got = server.send("PUT", "/_mock/scenario", {"name": "mine", "extends": "declins"})
    assert got.status == 400
    assert got.json["message"].startswith(
        "extends: unknown scenario 'declins'; did you mean `declines`?"
    )


def test_editor_shows_a_file_that_extends_a_file_as_one_text(base: Path, make_server: Any) -> None:
    """The editor could not save a text that extends a file."""
    scenario = child(base, "")
    server = make_server(scenario)
    server.sandboxes.scenario_file = str(base / "child.yaml")
    text = server.send("GET", "/_mock/scenario/text").body.decode()
    assert text == to_yaml(scenario)
    assert server.send("PUT", "/_mock/scenario", raw=text.encode(), headers=YAML).status == 200


def test_editor_shows_a_file_that_extends_a_built_in_scenario_unchanged(
    tmp_path: Path, make_server: Any
) -> None:
    server = make_server(child(tmp_path, "", "declines"))
    server.sandboxes.scenario_file = str(tmp_path / "child.yaml")
    text = server.send("GET", "/_mock/scenario/text").body.decode()
    assert text == "name: child\nextends: declines\n"


def test_a_snapshot_and_a_fork_have_all_rules_and_cards(server: InProcessServer) -> None:
    server.send("PUT", "/_mock/scenario", raw=MINE.encode(), headers=YAML)
    snapshot = server.send("GET", "/_mock/snapshot").json
    assert "extends" not in snapshot["scenario"]
    assert len(snapshot["scenario"]["rules"]) == 4
    assert len(snapshot["scenario"]["cards"]) == len(load("sandbox").cards)
    twin = server.sandboxes.fork(server.sandbox, "twin")
    assert (twin.rules.text, twin.rules.scenario) == (MINE, server.sandbox.rules.scenario)


# --watch ------------------------------------------------------------------------------------------


def test_a_change_of_a_parent_reloads_its_child(base: Path, make_server: Any, log: LogFile) -> None:
    server = make_server(child(base, ""))
    watch = Watch(base / "child.yaml", server.sandboxes, log.log)

    def looked() -> tuple[str, list[str]]:
        before = len(log.lines())
        watch.reload_if_changed()
        names = [str(rule.name) for rule in server.sandboxes.default.rules.scenario.rules]
        return "\n".join(log.lines()[before:]).replace(f"{base}/", ""), names

    assert looked() == ("", ["parent"])
    (base / "base.yaml").write_text(BASE.replace("name: parent", "name: changed"))
    result, names = looked()
    assert result.startswith("child.yaml reloaded: 2 cards, 1 rules")
    assert names == ["changed"]
    (base / "base.yaml").write_text(BASE.replace("name: parent", "nme: parent"))
    result, names = looked()
    assert result.splitlines()[0].startswith("base.yaml:8:6: Object contains unknown")
    assert names == ["changed"]
    (base / "base.yaml").unlink()
    assert looked() == ("", ["changed"]), "an editor deletes and renames"
    (base / "child.yaml").unlink()
    (base / "base.yaml").write_text(BASE)
    assert looked() == ("", ["changed"]), "the child is about to be renamed too"
    child(base, "", "declines")
    assert looked()[1][0] == "issuer_declined by amount"
    (base / "child.yaml").write_text("name: child\nextends: late.yaml\n")
    assert "late.yaml: cannot read file" in looked()[0]
    (base / "late.yaml").write_text("name: late\nrules: [{name: late, then: {approve: {}}}]\n")
    assert looked()[1] == ["late"]
