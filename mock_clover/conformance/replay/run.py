"""Repeat the run in a capsule in this process, and compare each response byte for byte.

A capsule is untrusted: it is decoded with bounds, nothing in it is run, and no webhook is sent.
"""

from collections import deque
from collections.abc import Callable, Iterator

import msgspec
from msgspec.structs import replace

from mock_clover.clover.checkout.operations import pay
from mock_clover.clover.checkout.records import PAY_CHECKOUT, HostedPayment
from mock_clover.clover.common.operation_names import BACKGROUND_OPERATIONS
from mock_clover.clover.surface import SURFACE
from mock_clover.conformance.replay.compare import compare_deliveries, compare_replies, difference
from mock_clover.conformance.replay.requests import headers_of, with_token
from mock_clover.conformance.replay.steps import (
    WEBHOOKS,
    DelayedRequest,
    ReplayedStep,
    ReplayError,
    delayed_requests,
    step_compared,
    why_not_repeated,
)
from mock_clover.control.capsule.build import TOKENIZE, recorded_reply
from mock_clover.control.capsule.records import Capsule, CapsuleCall, CapsuleExchange, CapsuleStep
from mock_clover.control.replay.repeat import make_kept_change
from mock_clover.control.snapshot.state import restore
from mock_clover.core.codec import Codec
from mock_clover.core.error_text import error_location
from mock_clover.core.masking import redact
from mock_clover.core.steps import Work, finish
from mock_clover.engine import answering
from mock_clover.engine.control_calls import KEPT_CALLS
from mock_clover.engine.endpoint import RawRequest
from mock_clover.engine.reply import Reply, Wait
from mock_clover.engine.scheduler import due_jobs
from mock_clover.sandbox.exchange import Exchange
from mock_clover.sandbox.keys import KeyRing
from mock_clover.sandbox.rules import Rules
from mock_clover.sandbox.sandbox import Sandbox, keep_in_outbox
from mock_clover.scenario.records import ScenarioError
from mock_clover.server.app.app import App
from mock_clover.server.build import build
from mock_clover.server.log import ExchangeLog

_PAYMENT = Codec(HostedPayment)
_CREATE_TOKEN = next(each for each in SURFACE if each.name == TOKENIZE)
Answer = Reply | Wait | Work[Reply] | Work[Reply | Wait]
Respond = Callable[[Wait | None], Answer]


class Replay:
    """One capsule, rebuilt as the sandbox of an application."""

    def __init__(self, capsule: Capsule, keys: KeyRing | None = None) -> None:
        """Rebuild the first state. Raises ReplayError."""
        self.capsule = capsule
        _check_complete(capsule)
        try:
            self.app = _build(capsule, keys or KeyRing())
            self._webhook_sender = self.app.sandboxes.webhook_sender
            self.app.sandboxes.set_webhook_sender(keep_in_outbox)
            base = self.app.sandboxes.get_or_create(capsule.sandbox)
            ids = {"merchant_id": capsule.merchant_id, "client_id": capsule.client_id}
            base.set_credentials(replace(base.credentials, **ids))
            self._sandbox = finish(restore(base, capsule.state))
            self.app.sandboxes.replace(base, self._sandbox)
        except (ValueError, KeyError, ScenarioError, msgspec.ValidationError) as error:
            raise ReplayError(f"state: cannot be restored: {error}") from None
        first = next((each.exchange for each in capsule.steps if each.exchange), None)
        self.sandbox.journal.count = first.number - 1 if first else 0
        self._calls = {each.name: each for each in self.app.endpoints if each.name in KEPT_CALLS}
        self._seen = self.sandbox.journal.count
        self._waiting: dict[int, tuple[Respond, Wait]] = {}
        """Requests that were started and are delayed, by their numbers."""

    @property
    def sandbox(self) -> Sandbox:
        """The rebuilt sandbox."""
        return self.app.sandboxes.current_version_of(self._sandbox)

    def run(self, upto: int | None = None) -> Iterator[ReplayedStep]:
        """Repeat the steps, at most those up to the exchange with this number."""
        at_ms = self.capsule.clock.started_ms
        number = self.sandbox.journal.count
        delayed = deque(delayed_requests(self.capsule.steps))
        for step in self.capsule.steps:
            number = step.exchange.number if step.exchange else number
            if upto is not None and number > upto:
                break
            at_ms = step.at_ms
            try:
                while delayed and delayed[0].begin_ms < at_ms:
                    self._begin(delayed.popleft())
                yield self._run_step(step, number)
            except Exception as error:  # noqa: BLE001 - a capsule may hold anything
                text = f"{error_location(error)}: {redact(str(error))}"
                raise ReplayError(
                    f"the step at exchange {number} cannot be repeated: {text}"
                ) from None
        else:
            at_ms = self.capsule.clock.now_ms
        self._set_time(at_ms)
        self.sandbox.clock.restore(at_ms, frozen=self.capsule.clock.frozen)
        if upto is None:
            differences = compare_deliveries(self.capsule.deliveries, self.sandbox.outbox)
            if self.capsule.deliveries or differences:
                yield step_compared(number, WEBHOOKS, differences)

    def open_for_use(self) -> App:
        """Return the application with the rebuilt sandbox, to serve it.

        It has no webhook target, so nothing of the run is sent again.
        """
        outbox = self.sandbox.outbox
        if outbox is not None:
            recorded = {each.id: each for each in self.capsule.deliveries}
            for delivery in tuple(outbox):
                known = recorded.get(delivery.id, delivery)
                state = "dropped" if known.is_pending else known.state
                outbox.update(replace(delivery, state=state, attempts=known.attempts))
            outbox.targets.clear()
        self.app.sandboxes.set_webhook_sender(self._webhook_sender)
        return self.app

    def _begin(self, delayed: DelayedRequest) -> None:
        """Start a request that a fault delays: it uses the fault before others that end earlier."""
        recorded = delayed.exchange
        self._set_time(delayed.begin_ms)
        respond = self._responder(recorded)
        wait = respond(None)
        if not isinstance(wait, Wait):
            raise TypeError(f"exchange {recorded.number} is not delayed")
        self._waiting[recorded.number] = respond, wait

    def _run_step(self, step: CapsuleStep, number: int) -> ReplayedStep:
        self._set_time(step.at_ms)
        if step.scenario is not None:
            scenario = step.scenario.scenario
            rules = Rules(scenario, self.sandbox.fingerprint_key)
            self.sandbox.apply_scenario(rules, step.scenario.settings)
            return ReplayedStep(number, f"scenario {scenario.name}", "done")
        if step.call is not None:
            return self._run_call(step.call, number)
        if step.exchange is None:
            raise ValueError("has neither an exchange nor a control request")
        return self._run_exchange(step.exchange, step.at_ms)

    def _set_time(self, at_ms: int) -> None:
        """Set the clock, and run the jobs that are due by then, as the sandbox did."""
        self.sandbox.clock.restore(at_ms, frozen=True)
        finish(due_jobs(self.sandbox))

    def _run_call(self, call: CapsuleCall, number: int) -> ReplayedStep:
        if call.name == "put_clock":  # each step has its time
            return ReplayedStep(number, call.name, "done")
        if make_kept_change(self.sandbox, call.name, call.ids):
            return ReplayedStep(number, call.name, "done")
        endpoint = self._calls.get(call.name)
        if endpoint is None:
            raise ValueError(f"unknown control request {call.name!r}")
        raw = RawRequest(
            method=endpoint.method,
            path=endpoint.path,
            ids=call.ids,
            headers={b"host": b"localhost", b"content-type": b"application/json"},
            body=call.body.encode(),
        )
        reply = _answer_now(
            lambda wait: answering.answer_without_jobs(self.sandbox, endpoint, raw, wait)
        )
        if reply.status < 400:
            return ReplayedStep(number, call.name, "done")
        got = f"{reply.status}: {reply.why}"
        return step_compared(number, call.name, (difference("status", 200, got),))

    def _run_exchange(self, recorded: CapsuleExchange, at_ms: int) -> ReplayedStep:
        number, title = recorded.number, f"{recorded.method} {recorded.path}"
        reason = why_not_repeated(recorded)
        if reason:
            self._journal_unrepeated(recorded, at_ms)
            return ReplayedStep(number, title, "not_compared", reason=reason)
        if recorded.endpoint == PAY_CHECKOUT:
            self._pay_checkout(recorded)
        elif recorded.endpoint not in BACKGROUND_OPERATIONS:
            self._send(recorded)
        journal = self.sandbox.journal
        if journal.count == self._seen:
            missing = difference("reply", recorded.reply.status, "no such exchange")
            return step_compared(number, title, (missing,))
        self._seen += 1
        got = journal.find(self._seen)
        differences = compare_replies(recorded.reply, recorded_reply(got)) if got else ()
        if differences and recorded.masked:
            return ReplayedStep(number, title, "not_compared", reason=recorded.masked)
        return step_compared(number, title, differences)

    def _journal_unrepeated(self, recorded: CapsuleExchange, at_ms: int) -> None:
        """Write an exchange that is not repeated to the journal, so that all keep their numbers."""
        self.sandbox.journal.add(
            Exchange(
                at_ms=at_ms,
                endpoint=recorded.endpoint,
                method=recorded.method,
                path=recorded.path,
                status=recorded.reply.status,
                why=f"not repeated: {recorded.reply.why}",
                body=recorded.body.encode(),
                query=recorded.query,
                reply=recorded.reply.body.encode(),
            )
        )
        self._seen += 1

    def _pay_checkout(self, recorded: CapsuleExchange) -> None:
        """Pay on the page of the hosted checkout, with the card that was read then."""
        payment = _PAYMENT.decode(recorded.body.encode())
        if recorded.token is None:
            raise ValueError("a payment on the page of the checkout has no token")
        pay(self.sandbox, payment.checkout, recorded.token.card, payment.tip_amount, {})

    def _send(self, recorded: CapsuleExchange) -> None:
        respond, wait = self._waiting.pop(recorded.number, (None, None))
        _answer_now(respond or self._responder(recorded), wait)

    def _responder(self, recorded: CapsuleExchange) -> Respond:
        """Return a function that sends a request, or continues it after its delay."""
        sandbox = self.sandbox
        raw = RawRequest(
            method=recorded.method,
            path=recorded.path,
            query=recorded.query.encode(),
            headers=headers_of(recorded, sandbox),
            body=recorded.body.encode(),
        )

        def respond(wait: Wait | None) -> Answer:
            if recorded.endpoint != TOKENIZE:
                return self.app.handle_in_sandbox(sandbox, raw, after_delay=wait)[0]
            endpoint = _CREATE_TOKEN
            if recorded.token is not None:
                endpoint = with_token(endpoint, recorded.token, recorded.reply.body)
            return answering.answer_without_jobs(sandbox, endpoint, raw, wait)

        return respond


def _answer_now(respond: Respond, wait: Wait | None = None) -> Reply:
    """Return the response to a request, without its delay."""
    reply = respond(wait)
    while not isinstance(reply, Reply):
        reply = finish(reply.steps) if isinstance(reply, Work) else respond(reply)
    return reply


def _check_complete(capsule: Capsule) -> None:
    """Raise ReplayError for a run whose start is no longer known."""
    for count, what in (
        (capsule.lost, "exchanges: the journal of the sandbox has dropped them"),
        (capsule.lost_calls, "control requests: there were too many"),
    ):
        if count:
            raise ReplayError(
                f"cannot be repeated: it lacks the first {count} {what}. Take the capsule earlier, "
                "or restore a snapshot in the sandbox, which starts its history again"
            )


def _build(capsule: Capsule, keys: KeyRing) -> App:
    return build(
        replace(capsule.state.scenario, data=None, merchants=(), webhooks=()),
        keys,
        seed=capsule.seed,
        log=ExchangeLog(None, "none"),
        setting_overrides={},
    )
