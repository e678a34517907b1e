"""The reply to a request, with metadata for the transport, the journal and the headers."""

from typing import NamedTuple

import msgspec

from mock_clover.core.evidence import Evidence
from mock_clover.core.masking import masked_repr
from mock_clover.engine.error_format import JSON
from mock_clover.engine.evidence import Basis
from mock_clover.scenario.records_fault import Fault


class Reply(NamedTuple):
    """A response; `headers` excludes content type and length."""

    status: int
    body: bytes
    why: str
    content_type: bytes = JSON
    headers: tuple[tuple[bytes, bytes], ...] = ()
    fault: Fault | None = None
    """The fault that the transport applies to the reply."""
    wait_ms: int = 0
    """How long the transport waits before it sends the reply."""
    pending_ms: int = 0
    """How long the server may retry the request before it sends this reply."""
    evidence: Evidence | None = None
    """The lowest evidence level of `basis`; None if the reply makes no claim about Clover."""
    basis: tuple[Basis, ...] = ()

    def __repr__(self) -> str:
        """Return the usual repr with card numbers masked."""
        return masked_repr(self)


class Wait(msgspec.Struct, frozen=True, gc=False):
    """The result of a request that is delayed before its handler runs; nothing has happened yet.

    The caller waits for `ms` milliseconds and sends the request again with `waited=True`.
    """

    ms: int
