"""The control endpoint that creates a capsule. The code is imported with the first request."""

from mock_clover.control.endpoint import control_endpoint
from mock_clover.core.record import Record
from mock_clover.core.steps import Work
from mock_clover.engine.endpoint import Call, Endpoint, LongResult
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.sandbox.sandboxes import Sandboxes


def endpoints(sandboxes: Sandboxes) -> tuple[Endpoint, ...]:
    """Return the endpoint that creates a capsule."""

    def post_capsule(sandbox: Sandbox, _call: Call[None, None]) -> LongResult:
        """Return a capsule: all that is needed to repeat the run of a sandbox elsewhere."""
        from mock_clover.control.capsule.build import make_capsule  # noqa: PLC0415 - few runs need it

        return Work(make_capsule(sandbox, sandboxes.seed))

    return (control_endpoint("post_capsule", "POST", "/_mock/capsule", post_capsule, Record),)
