"""What a page needs to know before it shows anything: where it is, and the words it may offer.

Every word is taken from the declaration that also checks it, so no picker offers what is refused.
"""

from typing import Any, get_args

import msgspec

from mock_clover import __version__
from mock_clover.clover.common.cards import BRANDS
from mock_clover.clover.common.operation_names import OPERATIONS, RULE_OPERATIONS
from mock_clover.clover.common.problems import OUTCOMES
from mock_clover.clover.threeds.records import Flow
from mock_clover.control.endpoint import control
from mock_clover.control.row_types import KINDS
from mock_clover.control.sandboxes import SWITCHES, SandboxAnswer, shown
from mock_clover.core.record import Record
from mock_clover.engine.endpoint import Call, Endpoint, home_of
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.scenario.records import DECLINE_CODES, DIALECTS
from mock_clover.scenario.records_fault import HEEDS, Fault, When


class ProblemWord(Record, frozen=True, kw_only=True):
    """A refusal that rules and faults may name."""

    name: str
    status: int
    message: str


class FaultWord(Record, frozen=True, kw_only=True):
    """A kind of fault, and the members that it heeds."""

    kind: str
    members: tuple[str, ...]


class Member(Record, frozen=True, kw_only=True):
    """A member of a fault, as JSON Schema tells it."""

    name: str
    about: str
    schema: Any


class DeclineWord(Record, frozen=True, kw_only=True):
    """A decline code, and what the issuer says with it."""

    name: str
    message: str


class Environment(Record, frozen=True, kw_only=True):
    """Where a page is, and the words it may offer."""

    version: str
    sandbox: str
    base_url: str
    """The server's, without a sandbox."""
    home: str
    """The sandbox's; control calls of it begin so."""
    now_ms: int
    scenario: str
    credentials: SandboxAnswer
    operations: tuple[str, ...]
    """Of rules; those of faults are the same but for the last ones, `uncalled`."""
    uncalled: tuple[str, ...]
    problems: tuple[ProblemWord, ...]
    faults: tuple[FaultWord, ...]
    fault_members: tuple[Member, ...]
    fault_times: tuple[str, ...]
    declines: tuple[DeclineWord, ...]
    dialects: tuple[str, ...]
    brands: tuple[str, ...]
    flows: tuple[str, ...]
    """Of 3-D Secure."""
    switches: tuple[str, ...]
    """Settings that a sandbox may be made with."""
    kinds: tuple[str, ...]
    """Of rows."""


def get_env(sandbox: Sandbox, call: Call[None, None]) -> Environment:
    """Return what a page needs: where it is, and the words of rules, faults and rows."""
    common = [name for name in Fault.__struct_fields__ if name not in _special()]
    return Environment(
        version=__version__,
        sandbox=sandbox.name,
        base_url=call.base_url,
        home=home_of(sandbox, call),
        now_ms=sandbox.clock.now_ms(),
        scenario=sandbox.rules.scenario.name,
        credentials=shown(sandbox, call),
        operations=RULE_OPERATIONS,
        uncalled=tuple(name for name in RULE_OPERATIONS if name not in OPERATIONS),
        problems=tuple(
            ProblemWord(name=name, status=problem.status, message=problem.message)
            for name, problem in OUTCOMES.items()
        ),
        faults=tuple(
            FaultWord(kind=kind, members=(*common[1:], *heeds)) for kind, heeds in HEEDS.items()
        ),
        fault_members=_members(),
        fault_times=get_args(When),
        declines=tuple(
            DeclineWord(name=name, message=message) for name, message in DECLINE_CODES.items()
        ),
        dialects=DIALECTS,
        brands=BRANDS,
        flows=get_args(Flow),
        switches=SWITCHES,
        kinds=tuple(KINDS),
    )


def _special() -> set[str]:
    """Return the members that only some kinds of fault heed."""
    return {name for heeds in HEEDS.values() for name in heeds}


def _members() -> tuple[Member, ...]:
    """Return the members of a fault as its own declaration has them."""
    declared = msgspec.json.schema(Fault)["$defs"]["Fault"]["properties"]
    return tuple(
        Member(
            name=name,
            about=schema.get("description", ""),
            schema={key: value for key, value in schema.items() if key != "description"},
        )
        for name, schema in declared.items()
    )


ENDPOINTS: tuple[Endpoint, ...] = (control("get_env", "GET", "/_mock/env", get_env, Environment),)
