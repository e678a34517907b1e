"""Scenario files: a mistake is told with its line and the word that was meant."""

import time
from pathlib import Path
from typing import Any

import pytest

from mock_clover.model.card import brand_of
from mock_clover.model.scenario import ScenarioError
from mock_clover.scenario.load import load, parse, shipped_names
from mock_clover.wire.redact import passes_luhn

CARD = '{number: "4242424242424242", outcome: approve}'


@pytest.mark.parametrize("name", shipped_names())
def test_every_shipped_scenario_loads_under_its_own_name(name: str) -> None:
    assert load(name).name == name


@pytest.mark.parametrize("card", load("sandbox").cards, ids=lambda card: card.label)
def test_every_listed_card_has_a_right_number_brand_evidence_and_source(card: Any) -> None:
    assert passes_luhn(card.number)
    assert card.brand == brand_of(card.number)
    assert card.source


def test_the_shipped_cards_are_those_of_the_reference() -> None:
    declined = {card.number for card in load("sandbox").cards if card.outcome == "decline"}
    assert declined == {
        "4005571702222222",
        "4005578003333335",
        "375987654000004",
        "5424180273333333",
        "4264281511117771",
    }


@pytest.mark.parametrize(
    ("text", "said"),
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
        ("name: Big Name", "s.yaml:1:1: Expected `str` matching regex"),
        ("cards: []", "Object missing required field `name`"),
        (
            "name: x\ncards:\n  - {number: 4242424242424242, outcome: approve}",
            "s.yaml:3:6: Expected `str`, got `int`",
        ),
        (
            "name: x\ncards:\n  - {number: '4242424242424241', outcome: approve}",
            "s.yaml:3:6: the number fails its check digit",
        ),
        (
            f"name: x\ncards:\n  - {CARD}\n  - {{number: '378282246310005', brand: VISA, "
            "outcome: approve}",
            "s.yaml:4:33: the brand of this number is AMEX, not VISA",
        ),
        (
            "name: x\ncards:\n  - {number: '9792000000000003', outcome: approve}",
            "no known brand has this number; give its brand",
        ),
        ("name: x\nname: y", "s.yaml:2:1: the key `name` stands here twice"),
        ("name: x\ncards: &a []\nsettings: *a", "s.yaml:3:11: aliases (*) are not allowed"),
        ("name: !!python/object/apply:os.system [id]", "could not determine a constructor"),
        ("name: [", "s.yaml:"),
        ("name: x\n\tcards: []", "s.yaml:2:1: "),
        ("[" * 100, "nested deeper than 32"),
        ("- 1", "Expected `object`, got `array`"),
        ("", "Expected `object`, got `null`"),
        ("name: '{{7*7}}'", "matching regex"),
    ],
)
def test_a_mistake_is_told_where_it_is(text: str, said: str) -> None:
    with pytest.raises(ScenarioError) as error:
        parse(text.encode(), "s.yaml")
    assert said in str(error.value)
    assert str(error.value).startswith("s.yaml:")


def test_a_bomb_is_refused_quickly() -> None:
    levels = "\n".join(f"k{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12))
    started = time.perf_counter()
    with pytest.raises(ScenarioError, match="aliases"):
        parse(f"k0: &a0 [x]\n{levels}".encode(), "s.yaml")
    assert time.perf_counter() - started < 0.5


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("sandbx", "there is no scenario 'sandbx'; did you mean `sandbox`?"),
        ("../sandbox", "cannot be read: No such file"),
        ("nowhere.yaml", "nowhere.yaml: cannot be read: No such file or directory"),
        ("/dev/null.yaml", "cannot be read"),
    ],
)
def test_a_scenario_that_is_not_there_says_so(name: str, said: str) -> None:
    with pytest.raises(ScenarioError) as error:
        load(name)
    assert said in str(error.value)


def test_a_file_of_ones_own_decides(tmp_path: Path, make_world: Any) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(
        "name: mine\n"
        "cards:\n"
        '  - {number: "4242424242424242", outcome: decline, decline_code: insufficient_funds,\n'
        '     message: "${HOME} {{7*7}}"}\n'
    )
    world = make_world(load(str(path)))
    got = world.send(
        "POST", "/v1/charges", {"amount": 1, "currency": "usd", "source": world.token()}
    )
    assert got.json["error"]["declineCode"] == "insufficient_funds"
    assert got.json["error"]["message"] == "${HOME} {{7*7}}", "data only: nothing is evaluated"
    assert got.why == "mine: card ...4242 is listed to decline (inferred)"
