"""Run the command in a fresh sandbox, without a fault or with one, and read what it did."""

import os
import tempfile
from typing import Any
from urllib.parse import urlsplit

from mock_clover.clover.surface import OPERATIONS
from mock_clover.sandbox.clock import machine_ms
from mock_clover.sandbox.masking import mask_prose
from mock_clover.sweep.calls import RecordedCall, recorded_calls
from mock_clover.sweep.faults import BY_NAME, decline_rule, fault_body, webhook_plan
from mock_clover.sweep.goods import AUDIT_QUERY
from mock_clover.sweep.money import Money, read_money
from mock_clover.sweep.records import Options, PlannedRun, RunResult, SweepError
from mock_clover.testing.command import CommandResult, Commands
from mock_clover.testing.handle import MockClover
from mock_clover.testing.names import SWEPT_SANDBOX, sandbox_name
from mock_clover.testing.transport import Transport, request_json

_JOURNAL_MAX = 1_000
DEFAULT_SCENARIO = "sandbox"
FOLDER_VARIABLE = "MOCK_CLOVER_SWEEP_DIR"
_CONTROL_VARIABLE = "MOCK_CLOVER_CONTROL_TOKEN"


class Runner:
    """Runs the command of a sweep, each time in a sandbox of its own."""

    def __init__(
        self, options: Options, transport: Transport, root: str, *, shared: bool = False
    ) -> None:
        self.options = options
        self.commands = Commands()
        self._transport = transport
        self._root = root
        self._shared = shared

    def run(self, plan: PlannedRun | None, label: str) -> RunResult:
        """Run the command once, with the fault of a cell or without. Raises SweepError."""
        name = sandbox_name(label, label, "sweep", shared=self._shared)
        handle = MockClover.create(self._transport, name, self._settings(plan))
        began_ms = machine_ms()
        try:
            if plan is not None and BY_NAME[plan.fault].group == "fault":
                call = plan.call
                handle.fault(**fault_body(BY_NAME[plan.fault], call.operation, call.ordinal))
            with tempfile.TemporaryDirectory(prefix="mock-clover-sweep-") as folder:
                return self._run_in(handle, folder, plan, began_ms)
        finally:
            handle.drop()

    def _run_in(
        self, handle: MockClover, folder: str, plan: PlannedRun | None, began_ms: int
    ) -> RunResult:
        environment = self._environment(handle, folder)
        ended = self._start(self.options.command, environment)
        exchanges = self._exchanges(handle)
        deliveries = handle.deliveries(limit=_JOURNAL_MAX)
        money, goods = self._money(handle), self._goods(handle)
        repaired, repair = None, None
        if self.options.reconcile and ended.exit is not None:
            self._clear_fault(handle, plan)
            repair = self._start(self.options.reconcile, environment)
            repaired = self._money(handle)
        return RunResult(
            exit=ended.exit,
            output=shown_output(ended, repair),
            exchanges=exchanges,
            deliveries=deliveries,
            money=money,
            goods=goods,
            repaired=repaired,
            repair_exit=None if repair is None else repair.exit,
            took_ms=machine_ms() - began_ms,
        )

    def _start(self, command: tuple[str, ...], environment: dict[str, str]) -> CommandResult:
        try:
            return self.commands.run(command, environment, self.options.timeout_s)
        except OSError as error:
            hint = "; give the command as separate words, without quotes around them"
            is_quoted = len(command) == 1 and " " in command[0]
            reason = error.strerror or error
            raise SweepError(f"{command[0]}: {reason}{hint if is_quoted else ''}") from None

    def _settings(self, plan: PlannedRun | None) -> dict[str, Any]:
        body = {"seed": self.options.seed, **self.options.settings}
        added = _scenario_of(plan) if plan is not None else {}
        if not added:
            return body
        scenario = body.get("scenario", DEFAULT_SCENARIO)
        document = {"name": "sweep", "extends": scenario} if isinstance(scenario, str) else scenario
        merged = {name: [*new, *document.get(name, ())] for name, new in added.items()}
        return body | {"scenario": document | merged}

    def _clear_fault(self, handle: MockClover, plan: PlannedRun | None) -> None:
        """Remove a fault that has not applied."""
        handle.clear_faults()
        if plan is not None and BY_NAME[plan.fault].group != "fault":
            handle.scenario(self.options.settings.get("scenario", DEFAULT_SCENARIO))

    def _environment(self, handle: MockClover, folder: str) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("MOCK_CLOVER_") or name == _CONTROL_VARIABLE
        }
        own = {
            "MOCK_CLOVER_URL": self._root,
            "MOCK_CLOVER_SANDBOX": handle.name,
            "MOCK_CLOVER_SEED": self.options.seed,
            SWEPT_SANDBOX: handle.name,
            FOLDER_VARIABLE: folder,
        }
        return {"PYTHONHASHSEED": "0"} | kept | own | handle.env()

    def _exchanges(self, handle: MockClover) -> list[dict[str, Any]]:
        exchanges = handle.journal(limit=_JOURNAL_MAX)
        if exchanges and exchanges[0]["id"] > 1:
            raise SweepError(
                f"a run makes more than the {_JOURNAL_MAX} calls that a journal keeps; sweep a "
                "part of it, for example one test"
            )
        return exchanges

    def _money(self, handle: MockClover) -> Money:
        return read_money(self._read(handle, "ledger"))

    def _goods(self, handle: MockClover) -> list[dict[str, Any]]:
        return list(self._read(handle, f"audit?{AUDIT_QUERY}")["findings"])

    def _read(self, handle: MockClover, what: str) -> dict[str, Any]:
        path = f"{urlsplit(handle.url).path}/_mock/{what}"
        return dict(request_json(self._transport, "GET", path))


def shown_output(ended: CommandResult, repair: CommandResult | None) -> str:
    """Return the output of the commands as reports show it: those are stored by CI."""
    text = ended.output if repair is None else f"{ended.output}{repair.output}"
    return mask_prose(text)


def _scenario_of(plan: PlannedRun) -> dict[str, list[dict[str, Any]]]:
    """Return what a fault adds to the lists of the scenario."""
    fault, call = BY_NAME[plan.fault], plan.call
    if fault.group == "decline":
        return {"rules": [decline_rule(call.operation, call.payment)]}
    if fault.group == "webhook":
        return {"webhook_plan": [webhook_plan(fault, call.event or "", call.ordinal)]}
    return {}


def calls_of(result: RunResult) -> list[RecordedCall]:
    """Return the calls of a run to operations of Clover."""
    return recorded_calls(result.exchanges, OPERATIONS)
