"""Repeat the steps of one merchant of a capsule."""

from collections.abc import Callable

from mock_clover.clover.checkout.operations import pay
from mock_clover.clover.checkout.records import PAY_CHECKOUT, HostedPayment
from mock_clover.clover.common.operation_names import BACKGROUND_OPERATIONS
from mock_clover.clover.surface import SURFACE
from mock_clover.conformance.replay.compare import compare_replies, difference
from mock_clover.conformance.replay.requests import headers_of, with_token
from mock_clover.conformance.replay.steps import ReplayedStep, step_compared, why_not_repeated
from mock_clover.control.capsule.records import CapsuleCall, CapsuleExchange, CapsuleStep
from mock_clover.control.capsule.steps import TOKENIZE, recorded_reply
from mock_clover.control.replay.repeat import make_kept_change
from mock_clover.core.codec import Codec
from mock_clover.core.steps import Work, finish
from mock_clover.engine import answering
from mock_clover.engine.control_calls import KEPT_CALLS
from mock_clover.engine.endpoint import RawRequest
from mock_clover.engine.reply import Reply, Wait
from mock_clover.sandbox.exchange import Exchange
from mock_clover.sandbox.rules import Rules
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.server.app.app import App

_PAYMENT = Codec(HostedPayment)
_CREATE_TOKEN = next(each for each in SURFACE if each.name == TOKENIZE)
Answer = Reply | Wait | Work[Reply] | Work[Reply | Wait]
Respond = Callable[[Wait | None], Answer]


class MerchantReplay:
    """The rebuilt sandbox of one merchant, and how far its run is repeated."""

    def __init__(self, app: App, sandbox: Sandbox, steps: list[CapsuleStep]) -> None:
        self._app, self._sandbox = app, sandbox
        first = next((each.exchange for each in steps if each.exchange), None)
        self.sandbox.journal.count = first.number - 1 if first else 0
        self._calls = {each.name: each for each in app.endpoints if each.name in KEPT_CALLS}
        self.seen = self.sandbox.journal.count
        """The number of the newest exchange that was repeated or skipped."""
        self._waiting: dict[int, tuple[Respond, Wait]] = {}
        """Requests that were started and are delayed, by their numbers."""

    @property
    def sandbox(self) -> Sandbox:
        """The sandbox of the merchant."""
        return self._app.sandboxes.current_version_of(self._sandbox)

    def begin(self, recorded: CapsuleExchange) -> None:
        """Start a request that a fault delays: it uses the fault before others that end earlier."""
        respond = self._responder(recorded)
        wait = respond(None)
        if not isinstance(wait, Wait):
            raise TypeError(f"exchange {recorded.number} is not delayed")
        self._waiting[recorded.number] = respond, wait

    def run_step(self, step: CapsuleStep) -> ReplayedStep:
        """Repeat a step at the present time of the clock."""
        if step.scenario is not None:
            scenario = step.scenario.scenario
            rules = Rules(scenario, self.sandbox.fingerprint_key)
            self.sandbox.apply_scenario(rules, step.scenario.settings)
            return ReplayedStep(self.seen, f"scenario {scenario.name}", "done")
        if step.call is not None:
            return self._run_call(step.call, self.seen)
        if step.exchange is None:
            raise ValueError("has neither an exchange nor a control request")
        return self._run_exchange(step.exchange, step.at_ms)

    def skip_step(self, step: CapsuleStep, reason: str) -> ReplayedStep:
        """Write an exchange to the journal without repeating it."""
        recorded = step.exchange
        if recorded is None:
            title = step.call.name if step.call else "scenario"
            return ReplayedStep(self.seen, title, "not_compared", reason=reason)
        self._journal_unrepeated(recorded, step.at_ms)
        title = f"{recorded.method} {recorded.path}"
        return ReplayedStep(recorded.number, title, "not_compared", reason=reason)

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
        if journal.count == self.seen:
            missing = difference("reply", recorded.reply.status, "no such exchange")
            return step_compared(number, title, (missing,))
        self.seen += 1
        got = journal.find(self.seen)
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
        self.seen += 1

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
                return self._app.handle_in_sandbox(sandbox, raw, after_delay=wait)[0]
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
