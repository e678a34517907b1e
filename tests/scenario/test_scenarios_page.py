"""docs/scenarios.md: each scenario of the page works and does what the page says."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mock_clover.clover.surface import OPERATIONS
from mock_clover.scenario.load import parse
from mock_clover.scenario.records_rule import Action, Condition
from tests.command_line import run_cli
from tests.in_process import InProcessServer, MakeServer

PAGE = (Path(__file__).parents[2] / "docs/scenarios.md").read_text()
TEXTS = {
    found[2]: found[1]
    for found in re.finditer(
        r"^```yaml\n((?:.*\n)*?name: (.+)\n(?:.*\n)*?)```$", PAGE, re.MULTILINE
    )
}


@pytest.fixture
def page(make_server: MakeServer) -> Callable[[str], InProcessServer]:
    """Return a function that makes a server with a scenario of the page, by name."""
    return lambda name: make_server(parse(TEXTS[name].encode(), "page", OPERATIONS))


@pytest.mark.parametrize("name", TEXTS)
def test_every_scenario_of_the_page_can_be_used(
    page: Callable[[str], InProcessServer], name: str
) -> None:
    assert page(name).sandbox.rules.scenario.name == name


def test_the_commands_of_the_page_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in TEXTS.items():
        (tmp_path / f"{name}.yaml").write_text(text)
    blocks = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    commands = re.findall(r"mock-clover ((?!serve)[^>\n)]+)", "".join(blocks))
    assert [run_cli(*command.split()).code for command in commands] == [0, 0, 0]


def test_page_lists_all_rule_fields() -> None:
    for record in (Condition, Action):
        for member in record.__struct_fields__:
            assert f"`{member}`" in PAGE, member


def test_its_rules_decide_as_it_says(page: Callable[[str], InProcessServer]) -> None:
    server = page("cards-and-rules")
    source = server.customer()["id"]

    def pay(amount: int, **more: Any) -> tuple[int, Any]:
        body = {"amount": amount, "currency": "usd", "source": source, **more}
        created = server.send("POST", "/v1/charges", body)
        return created.status, created.json

    assert [pay(100)[0] for _ in range(3)] == [402, 402, 200]
    assert pay(60000)[1]["amount"] == 10000
    assert pay(100, description="a promo of ours")[0] == 400
    ids = [server.charge(capture=False)["id"] for _ in range(3)]
    captures = [server.send("POST", f"/v1/charges/{each}/capture") for each in ids]
    assert [each.status for each in captures] == [200, 200, 502]
    assert captures[2].body == b"Bad Gateway"


def test_its_shop_has_the_history_that_it_says(page: Callable[[str], InProcessServer]) -> None:
    server = page("shop-with-history")
    assert len(server.sandbox.customers) == 52
    pay = {"amount": 5, "currency": "usd", "source": "EXP0000000001"}
    assert server.send("POST", "/v1/charges", pay).json["error"]["message"] == "Expired card"
    assert server.send("POST", "/v1/charges", pay | {"source": "J0000000000J0"}).status == 200
    assert server.send("GET", "/v1/orders/0RDER00000001").json["amount_paid"] == 1000
    assert server.send("POST", "/v1/charges/CHARGE0000001/capture").status == 200
    refunded = server.send("GET", "/v1/charges/CHARGE0000002").json["amount_refunded"]
    assert refunded == 500
    assert server.send("GET", "/v1/charges/CHARGE0000003").json["status"] == "failed"


@pytest.mark.parametrize(
    ("token", "status"),
    [("token-of-our-tests", 200), ("another", 401)],
)
def test_its_credentials_are_fixed(
    page: Callable[[str], InProcessServer], token: str, status: int
) -> None:
    server = page("fixed-credentials")
    headers = {b"host": b"localhost", b"authorization": f"Bearer {token}".encode()}
    assert server.app.handle_now("GET", "/v1/charges", b"", headers, b"").status == status


def test_merchant_is_selected_by_token(page: Callable[[str], InProcessServer]) -> None:
    server = page("market")
    headers = {b"host": b"localhost", b"authorization": b"Bearer bakery-token"}
    taken = server.app.handle_now("GET", "/_mock/snapshot", b"", headers, b"")
    assert len(json.loads(taken.body)["customers"]) == 3
    path = "/sandbox/default.bakery/_mock/clock"
    assert server.app.handle_now("GET", path, b"", {b"host": b"localhost"}, b"").status == 200
