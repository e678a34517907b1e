"""Answering under `refuse_inferred`: a call whose reply would lean on what is inferred is refused.

Whether it would is known only by trying, so the call is tried on a fork first. What is refused has
not happened, and the sandbox is as it was.
"""

from mock_clover.clover.common.problems import ApiError
from mock_clover.clover.common.problems_evidence import EVIDENCE_INFERRED
from mock_clover.engine.endpoint import Endpoint, Raw
from mock_clover.engine.evidence import inferred_in
from mock_clover.engine.pipeline import answer, refuse
from mock_clover.engine.reply import Reply
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.sandbox.sandboxes import shown_credential

_TOLD_MAX = 3
"""Of what is inferred; the names of the rest are in `allow_inferred` all the same."""


def answer_if_supported(
    sandbox: Sandbox, endpoint: Endpoint, raw: Raw, *, waited: bool = False
) -> Reply:
    """Answer a call unless what it leans on is inferred and not allowed.

    What a fault makes of a reply was asked for, and is not held against it.
    """
    tried = answer(_twin(sandbox), endpoint, raw, waited=waited)
    allowed = sandbox.settings.allow_inferred
    found = [each for each in inferred_in(tried.basis) if each[0] not in allowed]
    spoiled = tried.fault is not None and tried.fault.kind != "delay"
    if not found or not tried.status or spoiled:
        return answer(sandbox, endpoint, raw, waited=waited)
    if waited and sandbox.limits is not None:
        sandbox.limits.leave(shown_credential(raw.headers))
    said = "; ".join(f"{name} ({about})" for name, about in found[:_TOLD_MAX])
    names = ", ".join(name for name, _ in found)
    return refuse(
        sandbox, ApiError(EVIDENCE_INFERRED, {"said": said, "names": names}), raw, endpoint.name
    )


def _twin(sandbox: Sandbox) -> Sandbox:
    """Return a sandbox that goes on from this one, for a try that nobody sees."""
    twin = sandbox.fork(sandbox.name, sandbox.credentials)
    twin.merchants = tuple(each.fork(each.name, each.credentials) for each in sandbox.merchants)
    return twin
