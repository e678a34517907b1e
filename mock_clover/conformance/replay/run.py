"""Repeat the run in a capsule in this process, and compare each response byte for byte.

A capsule is untrusted: it is decoded with bounds, nothing in it is run, and no webhook is sent.
"""

from collections import deque
from collections.abc import Iterator

import msgspec
from msgspec.structs import replace

from mock_clover.conformance.replay.compare import compare_deliveries
from mock_clover.conformance.replay.merchant import MerchantReplay
from mock_clover.conformance.replay.steps import (
    NOT_REPEATED,
    WEBHOOKS,
    ReplayedStep,
    ReplayError,
    delayed_requests,
    step_compared,
)
from mock_clover.control.capsule.records import Capsule, CapsuleMerchant, CapsuleStep
from mock_clover.control.snapshot.state import restore
from mock_clover.core.error_text import error_location
from mock_clover.core.masking import redact
from mock_clover.core.steps import finish
from mock_clover.engine.scheduler import due_jobs
from mock_clover.sandbox.keys import KeyRing
from mock_clover.sandbox.sandbox import Sandbox, keep_in_outbox
from mock_clover.scenario.records import ScenarioError
from mock_clover.server.app.app import App
from mock_clover.server.build import build
from mock_clover.server.log import ExchangeLog

_INVALID = (ValueError, KeyError, ScenarioError, msgspec.ValidationError)
_IDS = ("merchant_id", "client_id", "employee_id")


class Replay:
    """One capsule, rebuilt as the sandbox of an application."""

    def __init__(self, capsule: Capsule, keys: KeyRing | None = None) -> None:
        """Rebuild the first state. Raises ReplayError."""
        self.capsule = capsule
        self._merchants = _merchants_of(capsule)
        try:
            self.app = _build(capsule, keys or KeyRing())
            self._webhook_sender = self.app.sandboxes.webhook_sender
            self.app.sandboxes.set_webhook_sender(keep_in_outbox)
            self._sandbox = self._rebuild()
        except _INVALID as error:
            raise ReplayError(f"state: cannot be restored: {error}") from None
        self._runs = {
            merchant.name: MerchantReplay(self.app, sandbox, _steps_of(capsule, merchant.name))
            for merchant, sandbox in zip(self._merchants, self.sandbox.all_merchants, strict=True)
        }

    @property
    def sandbox(self) -> Sandbox:
        """The rebuilt sandbox."""
        return self.app.sandboxes.current_version_of(self._sandbox)

    def run(self, upto: int | None = None) -> Iterator[ReplayedStep]:
        """Repeat the steps, or those up to the exchange of the first merchant with this number."""
        at_ms = self.capsule.clock.started_ms
        delayed = deque(delayed_requests(self.capsule.steps) if self.capsule.repeatable else ())
        for step in self.capsule.steps:
            number = step.exchange.number if step.exchange else self._runs[step.merchant].seen
            if upto is not None and not step.merchant and number > upto:
                break
            at_ms = step.at_ms
            try:
                while delayed and delayed[0].begin_ms < at_ms:
                    request = delayed.popleft()
                    self._set_time(request.begin_ms)
                    self._runs[request.merchant].begin(request.exchange)
                yield self._run_step(step)
            except Exception as error:  # noqa: BLE001 - a capsule may hold anything
                text = f"{error_location(error)}: {redact(str(error))}"
                raise ReplayError(
                    f"the step at exchange {number} cannot be repeated: {text}"
                ) from None
        else:
            at_ms = self.capsule.clock.now_ms
        self._set_time(at_ms)
        self.sandbox.clock.restore(at_ms, frozen=self.capsule.clock.frozen)
        if upto is None and self.capsule.repeatable:
            yield from self._compare_webhooks()

    def _compare_webhooks(self) -> Iterator[ReplayedStep]:
        for merchant in self._merchants:
            run = self._runs[merchant.name]
            differences = compare_deliveries(merchant.deliveries, run.sandbox.outbox)
            if merchant.deliveries or differences:
                compared = step_compared(run.sandbox.journal.count, WEBHOOKS, differences)
                yield compared._replace(merchant=merchant.name)

    def open_for_use(self) -> App:
        """Return the application with the rebuilt sandbox, to serve it.

        It has no webhook target, so nothing of the run is sent again.
        """
        for merchant in self._merchants:
            outbox = self._runs[merchant.name].sandbox.outbox
            if outbox is None:
                continue
            recorded = {each.id: each for each in merchant.deliveries}
            for delivery in tuple(outbox):
                known = recorded.get(delivery.id, delivery)
                state = "dropped" if known.is_pending else known.state
                outbox.update(replace(delivery, state=state, attempts=known.attempts))
            outbox.targets.clear()
        self.app.sandboxes.set_webhook_sender(self._webhook_sender)
        return self.app

    def _run_step(self, step: CapsuleStep) -> ReplayedStep:
        run = self._runs[step.merchant]
        self._set_time(step.at_ms)
        done = run.run_step(step) if self.capsule.repeatable else run.skip_step(step, NOT_REPEATED)
        return done._replace(merchant=step.merchant)

    def _set_time(self, at_ms: int) -> None:
        """Set the clock, and run the jobs that are due by then, as the sandbox did."""
        self.sandbox.clock.restore(at_ms, frozen=True)
        if self.capsule.repeatable:
            for each in self.sandbox.all_merchants:
                finish(due_jobs(each))

    def _rebuild(self) -> Sandbox:
        """Return the sandbox with its merchants in the first state."""
        sandboxes = self.app.sandboxes
        own = self.capsule.sandbox
        base = sandboxes.get_or_create(own)
        for merchant in self._merchants[1:]:
            base.merchants += (sandboxes.get_or_create(f"{own}.{merchant.name}"),)
        sandboxes.register(base)
        for merchant, sandbox in zip(self._merchants, base.all_merchants, strict=True):
            ids = {name: getattr(merchant, name) for name in _IDS}
            if merchant.client_id == self.capsule.client_id:
                ids["client_secret"] = base.credentials.client_secret
            sandbox.set_credentials(replace(sandbox.credentials, **ids))
            try:
                restored = finish(restore(sandbox, merchant.state))
            except _INVALID as error:
                where = f"merchants.{merchant.name}.state" if merchant.name else "state"
                raise ReplayError(f"{where}: cannot be restored: {error}") from None
            sandboxes.replace(sandbox, restored)
        return sandboxes.get_or_create(own)


def _merchants_of(capsule: Capsule) -> tuple[CapsuleMerchant, ...]:
    """Return all merchants of a capsule, the first one without a name."""
    first = CapsuleMerchant(
        name="",
        merchant_id=capsule.merchant_id,
        client_id=capsule.client_id,
        employee_id=capsule.employee_id,
        state=capsule.state,
        deliveries=capsule.deliveries,
    )
    names = [first.name, *(each.name for each in capsule.merchants)]
    if len(set(names)) < len(names):
        raise ReplayError("merchants: two have the same name")
    for step in capsule.steps:
        if step.merchant not in names:
            raise ReplayError(f"steps: there is no merchant {step.merchant!r}")
    return (first, *capsule.merchants)


def _steps_of(capsule: Capsule, merchant: str) -> list[CapsuleStep]:
    return [step for step in capsule.steps if step.merchant == merchant]


def _build(capsule: Capsule, keys: KeyRing) -> App:
    return build(
        replace(capsule.state.scenario, data=None, merchants=(), webhooks=()),
        keys,
        seed=capsule.seed,
        log=ExchangeLog(None, "none"),
        setting_overrides={},
    )
