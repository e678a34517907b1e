"""The tools of `mock-clover mcp`: their declarations, and the control calls that they make.

The schema of a tool's arguments is that of the control request, so the two cannot differ.
"""

import json
from typing import Any, NamedTuple
from urllib.parse import urlencode

import msgspec

from mock_clover.cli.base import control_headers, sandbox_url, variables_of
from mock_clover.cli.tables import card_rows
from mock_clover.client import ClientError, parse_json, send_request
from mock_clover.clover.surface import OPERATIONS, RULE_OPERATIONS
from mock_clover.control.clock import ClockRequest
from mock_clover.control.endpoint import unknown_name
from mock_clover.control.faults.endpoints_next import NextRequest
from mock_clover.control.journal.endpoints import WAIT_MS_MAX, JournalQuery, VerifyRequest
from mock_clover.control.sandboxes.endpoints import SandboxRequest
from mock_clover.control.why import ExplainRequest
from mock_clover.core.printable import printable_lines
from mock_clover.core.record import Record
from mock_clover.sandbox.credentials import Credentials
from mock_clover.sandbox.names import NAME_RULE, is_valid_name
from mock_clover.scenario.load import builtin_names, load
from mock_clover.scenario.records_card import DECLINE_CODES
from mock_clover.scenario.records_fault import FIELDS_BY_KIND

EXCHANGES_MAX = 100
_EXCHANGES = 20
ANSWER_CHARS_MAX = 40_000
"""The longest answer, about 10 000 tokens."""
_TIMEOUT_S = 30 + WAIT_MS_MAX / 1000

_NOT_FOUND = 404
Schema = dict[str, Any]


class ToolError(Exception):
    """A tool call failed; the message is for the agent."""


class ControlTool(NamedTuple):
    """A tool, and the control request that it sends."""

    name: str
    about: str
    method: str = "GET"
    path: str = ""
    """Below the sandbox's URL, or `/_mock/sandboxes/{}` below the server's. '': no request."""
    arguments: type[Record] | None = None
    """The body of the request, or its query if the method is GET."""
    fields: tuple[str, ...] = ()
    """The fields of `arguments` that the tool has; none: all."""
    per_sandbox: bool = True
    replaces: bool = False
    """Whether it discards existing state."""


TOOLS: tuple[ControlTool, ...] = (
    ControlTool(
        name="create_sandbox",
        about="Create an isolated sandbox and return its base URL, credentials and environment"
        " variables. An existing sandbox of the same name is replaced and loses its state.",
        method="PUT",
        path="/_mock/sandboxes/{}",
        arguments=SandboxRequest,
        fields=("scenario", "seed"),
        replaces=True,
    ),
    ControlTool(
        name="explain",
        about="Explain what a request to the Clover API would answer, and which rule decides it."
        " Nothing changes.",
        method="POST",
        path="/_mock/why",
        arguments=ExplainRequest,
    ),
    ControlTool(
        name="arm_next",
        about="Set the outcome or the fault of the next payment. Set either `outcome` or `fault`.",
        method="POST",
        path="/_mock/next",
        arguments=NextRequest,
    ),
    ControlTool(
        name="clear_next",
        about="Remove all outcomes and faults that arm_next set.",
        method="DELETE",
        path="/_mock/next",
    ),
    ControlTool(
        name="set_clock",
        about="Freeze, set, advance or resume the clock of a sandbox and run the jobs that are due."
        " Without these arguments, return the time.",
        method="PUT",
        path="/_mock/clock",
        arguments=ClockRequest,
    ),
    ControlTool(
        name="read_journal",
        about="Return the newest requests of a sandbox and their responses, oldest first. Card"
        " numbers are masked.",
        method="GET",
        path="/_mock/journal",
        arguments=JournalQuery,
    ),
    ControlTool(
        name="verify",
        about="Check how often a request was sent; by default, at least once. If it was not, return"
        " the closest requests and their differences.",
        method="POST",
        path="/_mock/verify",
        arguments=VerifyRequest,
    ),
    ControlTool(
        name="list_scenarios",
        about="List the built-in scenarios: the behaviours of a sandbox.",
        per_sandbox=False,
    ),
    ControlTool(
        name="list_test_cards",
        about="List the test cards of a built-in scenario and their outcomes.",
        per_sandbox=False,
    ),
)

_GET_SANDBOX = ControlTool(name="get_sandbox", about="", method="GET", path="/_mock/sandboxes/{}")


def input_schema(tool: ControlTool, sandbox: str) -> Schema:
    """Return the JSON Schema of a tool's arguments; `sandbox` is the default of that argument."""
    required: list[str] = []
    properties: dict[str, Schema] = {}
    if tool.per_sandbox:
        properties["sandbox"] = {"type": "string", "description": "Name of the sandbox."}
        if tool.replaces:
            required.append("sandbox")
        else:
            properties["sandbox"]["default"] = sandbox
    if tool.arguments:
        schema = msgspec.json.schema(tool.arguments)["$defs"][tool.arguments.__name__]
        required += schema["required"]
        properties |= {
            name: _without_evidence(member)
            for name, member in schema["properties"].items()
            if name in (tool.fields or schema["properties"])
        }
    _add_choices(tool.name, properties)
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def _add_choices(tool: str, properties: dict[str, Schema]) -> None:
    """Add the names of the declarations to the arguments that take one."""
    if tool == "create_sandbox":
        names = {"enum": builtin_names()}
        properties["scenario"]["anyOf"] = [names, {"type": "object"}, {"type": "null"}]
    elif tool == "list_test_cards":
        properties["scenario"] = {"enum": builtin_names(), "default": "sandbox"}
    elif tool == "explain":
        properties["method"]["enum"] = ["GET", "POST", "PUT", "DELETE"]
    elif tool == "arm_next":
        declines = [f"card_declined/{code}" for code in DECLINE_CODES]
        properties["outcome"]["examples"] = ["approve", "approve/500", *declines]
        properties["fault"]["examples"] = [*FIELDS_BY_KIND]
        _set_names(properties["endpoint"], OPERATIONS)
    elif tool == "read_journal":
        properties["limit"] |= {"maximum": EXCHANGES_MAX, "default": _EXCHANGES}
        _set_names(properties["endpoint"], RULE_OPERATIONS)
    elif tool == "verify":
        _set_names(properties["endpoint"], RULE_OPERATIONS)


def _set_names(member: Schema, names: tuple[str, ...]) -> None:
    member["anyOf"] = [{"enum": [*names]}, {"type": "null"}]


def _without_evidence(node: Any) -> Any:
    """Return a schema without what is only for the OpenAPI document."""
    if isinstance(node, list):
        return [_without_evidence(each) for each in node]
    if not isinstance(node, dict):
        return node
    return {
        name: _without_evidence(each)
        for name, each in node.items()
        if name not in ("x-evidence", "x-source")
    }


class ToolCaller:
    """Calls the tools against one server."""

    def __init__(self, root: str, sandbox: str, control_token: str | None) -> None:
        self.sandbox = sandbox
        self._root = root
        self._headers = {"content-type": "application/json", **control_headers(control_token)}

    def call(self, name: str, arguments: dict[str, Any]) -> str:
        """Call a tool and return its answer as JSON. Raises ToolError."""
        tool = next((each for each in TOOLS if each.name == name), None)
        if tool is None:
            raise ToolError(f"tool: {unknown_name(name, [each.name for each in TOOLS])}")
        _check_encodable(arguments)
        values = dict(arguments)
        known = input_schema(tool, self.sandbox)["properties"]
        for argument in values:
            if argument not in known:
                raise ToolError(f"argument: {unknown_name(argument, known)}")
        if not tool.path:
            return _shorten(_local_answer(tool.name, values))
        if tool.replaces and "sandbox" not in values:
            raise ToolError("sandbox: is required")
        sandbox = values.pop("sandbox", self.sandbox)
        if not isinstance(sandbox, str) or not is_valid_name(sandbox):
            raise ToolError(f"sandbox: {NAME_RULE}")
        if not tool.replaces:  # most control calls would create it
            self._send(_GET_SANDBOX, sandbox, {})
        answer = self._send(tool, sandbox, values)
        if tool.name == "create_sandbox":
            credentials = msgspec.convert(answer | {"employee_id": ""}, Credentials)
            answer["environment"] = variables_of(answer["base_url"], credentials)
        return _shorten(answer)

    def _send(self, tool: ControlTool, sandbox: str, values: dict[str, Any]) -> dict[str, Any]:
        base = self._root if "{}" in tool.path else sandbox_url(self._root, sandbox)
        url = f"{base}{tool.path.format(sandbox)}"
        data = None if tool.method in ("GET", "DELETE") else json.dumps(values).encode()
        if tool.arguments is JournalQuery:
            url = f"{url}?{_query(values)}"
        try:
            response = send_request(tool.method, url, self._headers, data, _TIMEOUT_S)
        except ClientError as error:
            raise ToolError(
                f"no response from {self._root}: {error}; start the server with "
                "`mock-clover serve`, or set --url"
            ) from None
        try:
            answer = parse_json(response.body)
        except ValueError:
            answer = None
        is_answer = response.status == 200 or (tool.name == "verify" and response.status == 409)
        if not isinstance(answer, dict) or not is_answer:
            message = answer.get("message") if isinstance(answer, dict) else None
            if tool is _GET_SANDBOX and response.status == _NOT_FOUND:
                message = f"sandbox {sandbox!r} not found; create it with create_sandbox"
            raise ToolError(str(message or f"{url} returned {response.status}"))
        return answer


def _check_encodable(arguments: dict[str, Any]) -> None:
    """Raise ToolError for values that no request can contain."""
    try:
        json.dumps(arguments, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError) as error:  # a lone surrogate, NaN, too deep
        raise ToolError(f"arguments: cannot be sent as JSON: {type(error).__name__}") from None


def _query(values: dict[str, Any]) -> str:
    """Return the query of the journal, with a limit."""
    limit = values.get("limit", _EXCHANGES)
    if not isinstance(limit, int) or not 1 <= limit <= EXCHANGES_MAX:
        raise ToolError(f"limit: must be a number from 1 to {EXCHANGES_MAX}")
    present = {name: value for name, value in values.items() if value is not None}
    texts = {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in (present | {"limit": limit}).items()
    }
    return urlencode(texts)


def _local_answer(name: str, values: dict[str, Any]) -> dict[str, Any]:
    """Return the answer of a tool that needs no server."""
    if name == "list_scenarios":
        return {"data": [{"name": each, "about": load(each).about} for each in builtin_names()]}
    scenario = values.get("scenario", "sandbox")
    if scenario not in builtin_names():
        raise ToolError(f"scenario: {unknown_name(str(scenario), builtin_names())}")
    return {"data": card_rows(load(scenario))}


def _shorten(answer: dict[str, Any]) -> str:
    """Return the answer as JSON. If it is too long, the oldest entries of its list are left out."""
    text = json.dumps(answer, ensure_ascii=False)
    data = answer.get("data", [])
    for left_out in range(1, len(data) + 1):
        if len(text) <= ANSWER_CHARS_MAX:
            break
        shorter = {**answer, "data": data[left_out:], "left_out": left_out}
        text = json.dumps(shorter, ensure_ascii=False)
    if len(text) > ANSWER_CHARS_MAX:
        left_out = len(text) - ANSWER_CHARS_MAX
        return f"{text[:ANSWER_CHARS_MAX]}... ({left_out} more characters)"
    return text


def error_text(error: ToolError) -> str:
    """Return the message of an error, line by line printable."""
    return printable_lines(str(error))
