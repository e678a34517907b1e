"""The `refuse_inferred` setting: reject requests whose reply would depend on inferred behaviour.

The only way to find out is to run the request, so it runs on a fork first. A rejected request
leaves the sandbox unchanged.
"""

from mock_clover.clover.common.problems import ApiError
from mock_clover.clover.common.problems_evidence import EVIDENCE_INFERRED
from mock_clover.engine.endpoint import Endpoint, Raw
from mock_clover.engine.evidence import inferred_in
from mock_clover.engine.pipeline import answer, refuse
from mock_clover.engine.reply import Reply, Wait
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.sandbox.sandboxes import shown_credential

_DESCRIPTIONS_MAX = 3
"""Descriptions in the error message; its `allow_inferred` lists the names of all inferred parts."""


def answer_if_supported(
    sandbox: Sandbox, endpoint: Endpoint, raw: Raw, *, waited: bool = False
) -> Reply | Wait:
    """Return the reply to a request unless it depends on inferred behaviour that is not allowed.

    A fault is requested explicitly, so a reply that a fault changes is not rejected.
    """
    trial = answer(_fork(sandbox), endpoint, raw, waited=waited)
    if isinstance(trial, Wait):
        return answer(sandbox, endpoint, raw, waited=waited)
    allowed = sandbox.settings.allow_inferred
    inferred = [each for each in inferred_in(trial.basis) if each[0] not in allowed]
    has_fault = trial.fault is not None and trial.fault.kind != "delay"
    if not inferred or has_fault:
        return answer(sandbox, endpoint, raw, waited=waited)
    if waited and sandbox.limits is not None:
        sandbox.limits.leave(shown_credential(raw.headers))
    text = "; ".join(f"{name} ({about})" for name, about in inferred[:_DESCRIPTIONS_MAX])
    names = ", ".join(name for name, _ in inferred)
    return refuse(
        sandbox, ApiError(EVIDENCE_INFERRED, {"detail": text, "names": names}), raw, endpoint.name
    )


def reply_now(sandbox: Sandbox, endpoint: Endpoint, raw: Raw) -> Reply:
    """Return the reply to a request according to the setting, without waiting for a delay."""
    respond = answer_if_supported if sandbox.settings.refuse_inferred else answer
    reply = respond(sandbox, endpoint, raw)
    while isinstance(reply, Wait):
        reply = respond(sandbox, endpoint, raw, waited=True)
    return reply


def _fork(sandbox: Sandbox) -> Sandbox:
    """Return a fork with its merchants, for a trial run."""
    copy = sandbox.fork(sandbox.name, sandbox.credentials)
    copy.merchants = tuple(each.fork(each.name, each.credentials) for each in sandbox.merchants)
    return copy
