"""`mock-clover mcp`, by a session of the protocol's SDK over stdio."""

import json
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import pytest
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters
from mcp.types import TextContent

from mock_clover.cli.mcp_tools import TOOLS, ToolCaller, ToolError, _shorten
from mock_clover.clover.surface import OPERATIONS, RULE_OPERATIONS
from mock_clover.scenario.load import builtin_names
from tests.command_line import run_cli
from tests.raw_http import TIMEOUT_S, call
from tests.server_process import ServerProcess

Tools = Callable[..., Awaitable[tuple[bool, Any]]]


def session(flow: Callable[[Tools, Client], Awaitable[None]], *options: str, **env: str) -> None:
    """Run a flow in a session; a tool call returns whether it failed, and its answer."""

    async def main() -> None:
        command = StdioServerParameters(
            command=sys.executable, args=["-m", "mock_clover", "mcp", *options], env=env
        )
        async with Client(command, read_timeout_seconds=TIMEOUT_S) as client:

            async def tool(name: str, **arguments: Any) -> tuple[bool, Any]:
                result = await client.call_tool(name, arguments)
                (content,) = result.content
                assert isinstance(content, TextContent)
                text = content.text
                return (True, text) if result.is_error else (False, json.loads(text))

            await flow(tool, client)

    anyio.run(main)


def test_the_tools_of_a_coding_agent(shared_server: ServerProcess) -> None:
    async def flow(tool: Tools, client: Client) -> None:
        listed = {each.name: each for each in (await client.list_tools()).tools}
        assert [*listed] == [each.name for each in TOOLS]
        scenario = listed["create_sandbox"].input_schema["properties"]["scenario"]
        assert scenario["anyOf"][0] == {"enum": builtin_names()}
        for name, names in (("arm_next", OPERATIONS), ("verify", RULE_OPERATIONS)):
            endpoint = listed[name].input_schema["properties"]["endpoint"]
            assert endpoint["anyOf"][0] == {"enum": [*names]}

        _, made = await tool("create_sandbox", sandbox="agent", scenario="declines", seed="s")
        variables = made["environment"]
        assert (made["scenario"], variables["CLOVER_BASE_URL"]) == ("declines", made["base_url"])
        assert made["base_url"] == f"{shared_server.url}/sandbox/agent"
        assert variables["CLOVER_ACCESS_TOKEN"] == made["access_token"]

        charge = {"amount": 1850, "currency": "usd", "source": "clv_none"}
        failed, armed = await tool("arm_next", outcome="card_declined/insufficient_funds")
        assert (failed, armed["outcome"]) == (False, "card_declined/insufficient_funds")
        assert await tool("clear_next") == (False, {"cleared": 1})
        _, explained = await tool("explain", path="/v1/charges", body=charge)
        assert explained["status"] == 400
        assert await tool("verify", endpoint="create_charge", never=True) == (
            False,
            {"verified": True, "count": 0},
        )
        _, frozen = await tool("set_clock", freeze=True)
        _, later = await tool("set_clock", advance="8d")
        assert later["now_ms"] - frozen["now_ms"] == 8 * 86_400_000

        bearer = {"authorization": f"Bearer {made['access_token']}"}
        for _ in range(3):
            call(shared_server.port, "POST", "/sandbox/agent/v1/charges", charge, **bearer)
        _, journal = await tool("read_journal", endpoint="create_charge", limit=2)
        assert [each["status"] for each in journal["data"]] == [400, 400]
        _, missed = await tool("verify", endpoint="create_charge", match={"amount": 1})
        assert (missed["verified"], len(missed["nearest"])) == (False, 3)
        _, scenarios = await tool("list_scenarios")
        assert [each["name"] for each in scenarios["data"]] == builtin_names()
        _, cards = await tool("list_test_cards", scenario="declines")
        assert cards["data"] == json.loads(run_cli("cards", "--scenario", "declines", "--json")[1])

    session(flow, "--url", f"{shared_server.url}/sandbox/agent")


MISTAKES: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("arm_nxt", {}, "tool: unknown name 'arm_nxt'; did you mean `arm_next`?"),
    ("arm_next", {"outcom": "x"}, "argument: unknown name 'outcom'; did you mean `outcome`?"),
    ("arm_next", {}, "exactly one of outcome and fault is required"),
    ("arm_next", {"outcome": "aprove"}, "did you mean `approve`?"),
    ("clear_next", {"sandbox": "none"}, "sandbox 'none' not found; create it with create_sandbox"),
    ("arm_next", {"fault": "dropp"}, "did you mean `drop`?"),
    ("create_sandbox", {}, "sandbox: is required"),
    ("create_sandbox", {"sandbox": "../x"}, "sandbox: use up to 64 letters"),
    ("create_sandbox", {"sandbox": "a", "scenario": "declnes"}, "did you mean `declines`?"),
    ("create_sandbox", {"sandbox": "a", "scenario": "./x.yaml"}, "is a path"),
    ("explain", {}, "path"),
    ("explain", {"path": "/_mock/env"}, "only Clover's operations are explained"),
    ("set_clock", {"advance": "1 fortnight"}, "advance"),
    ("read_journal", {"limit": 1_000}, "limit: must be a number from 1 to 100"),
    ("read_journal", {"endpoint": "create_charg"}, "did you mean `create_charge`?"),
    ("read_journal", {"outcome": "lots"}, "outcome"),
    ("read_journal", {"sandbox": "nowhere"}, "nowhere"),
    ("verify", {"endpoint": "create_charge", "match": {"amuont": 1}}, "did you mean `amount`?"),
    ("list_test_cards", {"scenario": "sandbx"}, "did you mean `sandbox`?"),
)


def test_the_errors_of_the_tools(start_server: Callable[..., ServerProcess]) -> None:
    server = start_server("--control-token", "sesame")

    async def flow(tool: Tools, _client: Client) -> None:
        for name, arguments, words in MISTAKES:
            failed, said = await tool(name, **arguments)
            assert failed, (name, arguments)
            assert words in said
            assert "sesame" not in said

    options = ("--url", server.url, "--control-token", "sesame")
    variables = {"MOCK_CLOVER_URL": "http://127.0.0.1:9", "MOCK_CLOVER_CONTROL_TOKEN": "wrong"}
    session(flow, *options, **variables)
    for token in (None, "wrong"):
        caller = ToolCaller(server.url, "default", token)
        for each in TOOLS:
            if each.path:
                with pytest.raises(ToolError, match="the control token is missing or invalid"):
                    caller.call(each.name, {"sandbox": "a"})


def test_a_server_that_does_not_run_is_said() -> None:
    with pytest.raises(ToolError) as caught:
        ToolCaller("http://127.0.0.1:9", "default", None).call("read_journal", {})
    said = str(caught.value)
    assert said.startswith("no response from http://127.0.0.1:9: ")
    assert said.endswith("; start the server with `mock-clover serve`, or set --url")


def test_a_missing_package_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mcp.server.lowlevel", None)
    monkeypatch.delitem(sys.modules, "mock_clover.cli.mcp_server", raising=False)
    assert run_cli("mcp") == (
        2,
        "",
        "mock-clover: the command mcp requires the package mcp, 2.0 or newer: "
        "pip install 'mock-clover[mcp]'\n",
    )


def test_a_long_answer_is_shortened() -> None:
    entries = [{"id": number, "reply": "x" * 9_000} for number in range(6)]
    short = json.loads(_shorten({"data": entries}))
    assert (short["left_out"], [each["id"] for each in short["data"]]) == (2, [2, 3, 4, 5])
    long = _shorten({"reply": "x" * 50_000})
    assert long.endswith("... (10013 more characters)")
