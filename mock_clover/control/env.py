"""Data that the dashboard needs at startup: its location, and the names for its selection lists.

Every name comes from the declaration that validates it, so no list offers an invalid choice.
"""

from typing import Any, get_args

import msgspec

from mock_clover import __version__
from mock_clover.clover.common.cards import BRANDS
from mock_clover.clover.common.operation_names import BACKGROUND_OPERATIONS
from mock_clover.clover.common.problems import SELECTABLE_ERRORS
from mock_clover.clover.surface import RULE_OPERATIONS
from mock_clover.clover.threeds.records import ThreeDSFlow
from mock_clover.control.endpoint import control_endpoint
from mock_clover.control.rows.kinds import ROW_KINDS
from mock_clover.control.sandboxes.endpoints import SandboxResponse, sandbox_response
from mock_clover.core.record import Record
from mock_clover.engine.endpoint import Call, Endpoint, sandbox_base_url
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.scenario.records import DIALECTS, Settings
from mock_clover.scenario.records_card import DECLINE_CODES
from mock_clover.scenario.records_fault import FIELDS_BY_KIND, Fault, FaultPhase


class ProblemOption(Record, frozen=True, kw_only=True):
    """An error that rules and faults can select."""

    name: str
    status: int
    message: str


class FaultOption(Record, frozen=True, kw_only=True):
    """A kind of fault, and the fields that it uses."""

    kind: str
    members: tuple[str, ...]


class FaultField(Record, frozen=True, kw_only=True):
    """A field of a fault, with its JSON Schema."""

    name: str
    about: str
    schema: Any


class DeclineCodeOption(Record, frozen=True, kw_only=True):
    """A decline code, and the issuer's message for it."""

    name: str
    message: str


class Environment(Record, frozen=True, kw_only=True):
    """The location of the dashboard, and the names it offers."""

    version: str
    sandbox: str
    base_url: str
    """The server's base URL, without a sandbox."""
    home: str
    """The sandbox's base URL, the prefix of its control endpoints."""
    now_ms: int
    scenario: str
    credentials: SandboxResponse
    operations: tuple[str, ...]
    """Operation names for rules. Faults accept all of them except those in `uncalled`."""
    uncalled: tuple[str, ...]
    problems: tuple[ProblemOption, ...]
    faults: tuple[FaultOption, ...]
    fault_members: tuple[FaultField, ...]
    fault_times: tuple[str, ...]
    declines: tuple[DeclineCodeOption, ...]
    dialects: tuple[str, ...]
    brands: tuple[str, ...]
    flows: tuple[str, ...]
    """The 3-D Secure flows."""
    switches: tuple[str, ...]
    """Names of the settings that a new sandbox can override."""
    kinds: tuple[str, ...]
    """The kinds of rows."""


def get_env(sandbox: Sandbox, call: Call[None, None]) -> Environment:
    """Return the data of the dashboard: its location, and the names for rules, faults and rows."""
    specific = {name for members in FIELDS_BY_KIND.values() for name in members}
    common = [name for name in Fault.__struct_fields__ if name not in specific]
    return Environment(
        version=__version__,
        sandbox=sandbox.name,
        base_url=call.base_url,
        home=sandbox_base_url(sandbox, call),
        now_ms=sandbox.clock.now_ms(),
        scenario=sandbox.rules.scenario.name,
        credentials=sandbox_response(sandbox, call),
        operations=RULE_OPERATIONS,
        uncalled=BACKGROUND_OPERATIONS,
        problems=tuple(
            ProblemOption(name=name, status=problem.status, message=problem.message)
            for name, problem in SELECTABLE_ERRORS.items()
        ),
        faults=tuple(
            FaultOption(kind=kind, members=(*common[1:], *members))
            for kind, members in FIELDS_BY_KIND.items()
            if not sandbox.hooks.unsupported_fault_reason(kind)
        ),
        fault_members=_fault_fields(),
        fault_times=get_args(FaultPhase),
        declines=tuple(
            DeclineCodeOption(name=name, message=message) for name, message in DECLINE_CODES.items()
        ),
        dialects=DIALECTS,
        brands=BRANDS,
        flows=get_args(ThreeDSFlow),
        switches=Settings.__struct_fields__,
        kinds=tuple(ROW_KINDS),
    )


def _fault_fields() -> tuple[FaultField, ...]:
    """Return the fields of a fault from its declaration."""
    properties = msgspec.json.schema(Fault)["$defs"]["Fault"]["properties"]
    return tuple(
        FaultField(
            name=name,
            about=schema.get("description", ""),
            schema={key: value for key, value in schema.items() if key != "description"},
        )
        for name, schema in properties.items()
    )


ENDPOINTS: tuple[Endpoint, ...] = (
    control_endpoint("get_env", "GET", "/_mock/env", get_env, Environment),
)
