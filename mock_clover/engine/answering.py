"""Answer a request after the due jobs of its sandbox, so that the response reflects its time."""

from collections.abc import Callable
from functools import partial

from msgspec.structs import replace

from mock_clover.core.steps import Steps, Work
from mock_clover.engine.endpoint import Endpoint, RawRequest
from mock_clover.engine.evidence_gate import answer_unless_inferred
from mock_clover.engine.pipeline import answer
from mock_clover.engine.reply import Reply, Wait
from mock_clover.engine.scheduler import due_jobs, has_due_jobs
from mock_clover.sandbox.sandbox import Sandbox

CORS_HEADERS = ((b"access-control-allow-origin", b"*"),)
PREFLIGHT_REPLY = Reply(
    status=200,
    body=b"",
    why="preflight",
    headers=(
        *CORS_HEADERS,
        (b"access-control-allow-methods", b"GET, POST, OPTIONS"),
        (b"access-control-allow-headers", b"*, apikey, authorization, content-type, accept"),
        (b"access-control-max-age", b"600"),
    ),
)


def answer_after_jobs(
    sandbox: Sandbox,
    endpoint: Endpoint,
    raw: RawRequest,
    current_version_of: Callable[[Sandbox], Sandbox],
    after_delay: Wait | None,
) -> Reply | Wait | Work[Reply | Wait]:
    """Return the response to a request; work if jobs are due, or if the operation takes long.

    `current_version_of` returns the sandbox that serves the requests after the jobs: a snapshot may
    have been restored in the meantime.
    """
    due = [each for each in sandbox.all_merchants if has_due_jobs(each)]
    if due:
        request = (endpoint, raw, after_delay)
        return Work(_run_and_answer(due, sandbox, request, current_version_of), sandbox.clock)
    return answer_without_jobs(sandbox, endpoint, raw, after_delay)


def _run_and_answer(
    due: list[Sandbox],
    sandbox: Sandbox,
    request: tuple[Endpoint, RawRequest, Wait | None],
    current_version_of: Callable[[Sandbox], Sandbox],
) -> Steps[Reply | Wait]:
    for each in due:
        yield from due_jobs(each)
    reply = answer_without_jobs(current_version_of(sandbox), *request)
    return (yield from reply.steps) if isinstance(reply, Work) else reply


def answer_without_jobs(
    sandbox: Sandbox,
    endpoint: Endpoint,
    raw: RawRequest,
    after_delay: Wait | None,
) -> Reply | Wait | Work[Reply | Wait]:
    """Return the response to a request, with the headers of its API and for other origins."""
    clock = sandbox.clock
    clock.held_ms = clock.now_ms()
    try:
        if sandbox.settings.refuse_inferred and endpoint.surface.journaled:
            reply = answer_unless_inferred(sandbox, endpoint, raw, after_delay=after_delay)
        else:
            reply = answer(sandbox, endpoint, raw, after_delay=after_delay)
    finally:
        clock.held_ms = None
    if type(reply) is Work:
        return reply.then(partial(_completed_after, sandbox, endpoint, raw))
    if endpoint.surface.postprocess is None and not endpoint.cross_origin:
        return reply
    return _completed(sandbox, endpoint, raw, reply)


def _completed_after(
    sandbox: Sandbox, endpoint: Endpoint, raw: RawRequest, steps: Steps[Reply | Wait]
) -> Steps[Reply | Wait]:
    reply = yield from steps
    return _completed(sandbox, endpoint, raw, reply)


def _completed(
    sandbox: Sandbox, endpoint: Endpoint, raw: RawRequest, reply: Reply | Wait
) -> Reply | Wait:
    """Return a response with the headers of its API and for other origins."""
    if not isinstance(reply, Reply):
        return reply
    if endpoint.surface.postprocess is not None:
        reply = endpoint.surface.postprocess(sandbox, endpoint, raw, reply)
    if endpoint.cross_origin and b"origin" in raw.headers:
        reply = replace(reply, headers=reply.headers + CORS_HEADERS)
    return reply
