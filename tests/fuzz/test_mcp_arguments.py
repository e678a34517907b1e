"""The tools of `mock-clover mcp` reject arguments of any form with a message."""

import json
from typing import Any

import msgspec
import pytest

from mock_clover.cli import mcp_tools
from mock_clover.cli.mcp_tools import TOOLS, ToolCaller, ToolError, input_schema
from mock_clover.client import Response
from mock_clover.sandbox.credentials import derive_credentials


def nested(depth: int) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for _ in range(depth):
        tree = {"a": tree}
    return tree


VALUES: dict[str, Any] = {
    "a lone surrogate": "\ud800",
    "control characters": "\x00\r\n\x1b]0;x\x07",
    "a path": "../../x",
    "a format": "{}{0}%s",
    "null": None,
    "true": True,
    "a huge number": 10**400,
    "infinity": float("inf"),
    "a list": [[]],
    "an object": {"a": 1},
    "deep": nested(5_000),
}


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_arguments_of_any_form(monkeypatch: pytest.MonkeyPatch, value: Any) -> None:
    told = msgspec.to_builtins(derive_credentials("seed", "a")) | {"base_url": "http://a"}
    answer = Response(status=200, headers={}, body=json.dumps(told).encode())
    monkeypatch.setattr(mcp_tools, "send_request", lambda *_: answer)
    caller = ToolCaller("http://127.0.0.1:9", "default", None)
    for tool in TOOLS:
        named = {"sandbox": "a"} if tool.per_sandbox else {}
        for name in (*input_schema(tool, "default")["properties"], "unknown"):
            try:
                text = caller.call(tool.name, named | {name: value})
            except ToolError as error:
                text = json.dumps(str(error))
            assert json.loads(text) is not None
