"""The `refuse_inferred` setting: reject requests whose response would depend on inferred behaviour.

The only way to find out is to run the request, so it first runs on a fork. A rejected request
leaves the sandbox unchanged.
"""

from functools import partial

from mock_clover.clover.common.behaviours_service import STRICT_REFUSAL
from mock_clover.clover.common.problems import ApiError
from mock_clover.clover.common.problems_evidence import EVIDENCE_INFERRED
from mock_clover.core.steps import Steps, Work, finish
from mock_clover.engine.endpoint import Endpoint, RawRequest
from mock_clover.engine.evidence import inferred_parts
from mock_clover.engine.journaling import reject
from mock_clover.engine.pipeline import answer
from mock_clover.engine.reply import Reply, Wait, error_reply
from mock_clover.engine.unknown_path import CONTROL_PATH
from mock_clover.sandbox.presented import presented_credential
from mock_clover.sandbox.sandbox import Sandbox

_DESCRIPTIONS_MAX = 3
"""Descriptions in the error message; its `allow_inferred` lists the names of all inferred parts."""


def answer_unless_inferred(
    sandbox: Sandbox, endpoint: Endpoint, raw: RawRequest, *, after_delay: Wait | None = None
) -> Reply | Wait | Work[Reply | Wait]:
    """Return the response to a request unless it depends on inferred behaviour that is not allowed.

    A fault and the refusals of `strict` are requested explicitly, so they are not rejected.
    """
    dry_run = answer(_fork(sandbox), endpoint, raw, after_delay=after_delay)
    if isinstance(dry_run, Work):
        return dry_run.then(partial(_after_long_dry_run, sandbox, endpoint, raw, after_delay))
    return _after_dry_run(sandbox, endpoint, raw, after_delay, dry_run)


def _after_long_dry_run(
    sandbox: Sandbox,
    endpoint: Endpoint,
    raw: RawRequest,
    after_delay: Wait | None,
    steps: Steps[Reply],
) -> Steps[Reply | Wait]:
    dry_run = yield from steps
    reply = _after_dry_run(sandbox, endpoint, raw, after_delay, dry_run)
    return (yield from reply.steps) if isinstance(reply, Work) else reply


def _after_dry_run(
    sandbox: Sandbox,
    endpoint: Endpoint,
    raw: RawRequest,
    after_delay: Wait | None,
    dry_run: Reply | Wait,
) -> Reply | Wait | Work[Reply]:
    if not isinstance(dry_run, Reply):
        return answer(sandbox, endpoint, raw, after_delay=after_delay)
    refusal = _refusal(sandbox, dry_run)
    has_fault = dry_run.fault is not None and dry_run.fault.kind != "delay"
    if refusal is None or has_fault or STRICT_REFUSAL in dry_run.basis:
        return answer(sandbox, endpoint, raw, after_delay=after_delay)
    if after_delay is not None and sandbox.limits is not None:
        sandbox.limits.end_request(presented_credential(raw.headers))
    return reject(sandbox, refusal, raw, endpoint)


def reject_unless_inferred(
    sandbox: Sandbox, error: ApiError, raw: RawRequest, endpoint: Endpoint | None
) -> Reply:
    """Reject a request that no endpoint handles: with its error, unless that is inferred.

    The paths of the control API make no claim about Clover, so they are not affected.
    """
    refusal = None
    if sandbox.settings.refuse_inferred and not raw.path.startswith(CONTROL_PATH):
        refusal = _refusal(sandbox, error_reply(sandbox, error, raw.headers))
    return reject(sandbox, refusal or error, raw, endpoint)


def _refusal(sandbox: Sandbox, reply: Reply) -> ApiError | None:
    """Return the error for a response with inferred parts that the settings do not allow."""
    allowed = sandbox.settings.allow_inferred
    inferred = [part for part in inferred_parts(reply.basis) if part[0] not in allowed]
    if not inferred:
        return None
    text = "; ".join(
        f"{name} ({description})" for name, description in inferred[:_DESCRIPTIONS_MAX]
    )
    names = ", ".join(name for name, _ in inferred)
    return ApiError(EVIDENCE_INFERRED, {"detail": text, "names": names})


def reply_now(sandbox: Sandbox, endpoint: Endpoint, raw: RawRequest) -> Reply:
    """Return the response to a request according to the setting, without a delay or a pause."""
    respond = answer_unless_inferred if sandbox.settings.refuse_inferred else answer
    reply = respond(sandbox, endpoint, raw)
    while not isinstance(reply, Reply):
        if isinstance(reply, Work):
            reply = finish(reply.steps)
        else:
            reply = respond(sandbox, endpoint, raw, after_delay=reply)
    return reply


def _fork(sandbox: Sandbox) -> Sandbox:
    """Return a fork with its merchants, for a dry run."""
    copy = sandbox.fork(sandbox.name, sandbox.credentials)
    copy.merchants = tuple(
        merchant.fork(merchant.name, merchant.credentials) for merchant in sandbox.merchants
    )
    return copy
