"""Compose the application from a scenario, a key pair and settings."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from mock_clover.clover.common.problems import ApiError
from mock_clover.clover.hooks import make_hooks
from mock_clover.clover.surface import RULE_OPERATIONS
from mock_clover.control.scenario.check import resolve_scenario
from mock_clover.core.masking import redact
from mock_clover.core.suggestions import did_you_mean
from mock_clover.sandbox.clock import Clock
from mock_clover.sandbox.keys import KeyRing
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.sandbox.sandboxes import Sandboxes
from mock_clover.sandbox.scheduler import FailedJob
from mock_clover.scenario.records import Scenario, Settings
from mock_clover.scenario.type_findings import type_finding
from mock_clover.scenario.validation import find_errors
from mock_clover.server.app.app import App
from mock_clover.server.app.control_guard import ControlGuard
from mock_clover.server.app.faults import unsupported_by_sockets
from mock_clover.server.log import ExchangeLog

if TYPE_CHECKING:
    from starlette.applications import Starlette

SEED = "mock-clover"


def create_app(
    scenario: str | Path | dict[str, Any] | Scenario = "sandbox",
    seed: str = SEED,
    *,
    key_file: str | Path | None = None,
    keys: KeyRing | None = None,
    control: bool = True,
    control_token: str | None = None,
    control_hosts: Iterable[str] = (),
    webhook_hosts: Iterable[str] = (),
    **settings: Any,
) -> "Starlette":
    """Return mock-clover as a Starlette application.

    `scenario` is the name of a built-in scenario, a YAML file, or a document. `settings` are those
    of a scenario and take precedence over it; None keeps the scenario's value. `keys` shares a key
    pair between applications, because generating one takes time.

    Raises TypeError for an unknown setting, and ValueError for an invalid value or scenario.
    """
    from mock_clover.server.starlette_app import starlette_app  # `serve` does not need Starlette

    core = build(
        _resolve_scenario(scenario),
        keys or KeyRing(Path(key_file) if key_file else None),
        seed=seed,
        log=ExchangeLog(None, "none"),
        setting_overrides=_validate_settings(settings),
        control_guard=ControlGuard(
            enabled=control, token=control_token, hosts=tuple(control_hosts)
        ),
        webhook_hosts=tuple(webhook_hosts),
        unsupported_fault_reason=unsupported_by_sockets,
    )
    core.sandboxes.scenario_file = str(scenario) if isinstance(scenario, str | Path) else ""
    return starlette_app(core)


def build(
    scenario: Scenario,
    keys: KeyRing,
    *,
    seed: str,
    log: ExchangeLog,
    setting_overrides: dict[str, Any],
    control_guard: ControlGuard | None = None,
    webhook_hosts: tuple[str, ...] = (),
    on_progress: Callable[[int], None] = lambda _: None,
    unsupported_fault_reason: Callable[[str], str] = lambda _: "",
    make_clock: Callable[[], Clock] = Clock,
) -> App:
    """Return the core; `setting_overrides` override the settings of the scenario.

    `on_progress` is called with the number of rows as the first sandbox's data is created.
    `unsupported_fault_reason` returns why the server cannot apply a kind of fault, or ''. Raises
    ScenarioError.
    """

    def report_failed_job(sandbox: Sandbox, failed: FailedJob) -> None:
        job = failed.job
        log.write_message(
            f"sandbox {sandbox.name}: job {job.kind} of {redact(job.id)} failed and will "
            f"not run again: {failed.error}"
        )

    sandboxes = Sandboxes(
        scenario,
        keys,
        seed=seed,
        hooks=make_hooks(on_progress, unsupported_fault_reason, report_failed_job),
        setting_overrides=setting_overrides,
        make_clock=make_clock,
        on_evict=lambda name: log.write_message(f"sandbox {name} deleted: too many sandboxes"),
    )
    return App(sandboxes, log, control_guard, webhook_hosts)


def _resolve_scenario(scenario: str | Path | dict[str, Any] | Scenario) -> Scenario:
    """Return a scenario in any of the forms that `create_app` takes. Raises ValueError."""
    if isinstance(scenario, Scenario):
        return scenario
    if isinstance(scenario, dict):
        try:
            return resolve_scenario(scenario)
        except ApiError as error:
            raise ValueError(f"scenario: {error.message}") from None
    from mock_clover.scenario.load import load  # imports yaml

    return load(str(scenario), RULE_OPERATIONS)


def _validate_settings(given: dict[str, Any]) -> dict[str, Any]:
    """Return the given settings, converted to their types. Raises TypeError or ValueError."""
    for name in given:
        if name not in Settings.__struct_fields__:
            hint = did_you_mean(name, Settings.__struct_fields__)
            raise TypeError(f"create_app() has no setting `{name}`{hint}")
    given = {name: value for name, value in given.items() if value is not None}
    tree = {"name": "settings", "settings": msgspec.to_builtins(given)}
    try:
        scenario = msgspec.convert(tree, Scenario)
        findings = list(find_errors(scenario, tree, RULE_OPERATIONS))
    except msgspec.ValidationError as error:
        findings = [type_finding(str(error))]
    if findings:
        texts = (f"{path.removeprefix('.settings.')}: {text}" for path, text in findings)
        raise ValueError("; ".join(texts))
    return {name: getattr(scenario.settings, name) for name in given}
