"""A reply: what goes back to a client, and what is known of it besides."""

from typing import NamedTuple

from mock_clover.core.evidence import Evidence
from mock_clover.core.masking import masked_repr
from mock_clover.engine.error_format import JSON
from mock_clover.engine.evidence import Basis
from mock_clover.scenario.records_fault import Fault


class Reply(NamedTuple):
    """What goes back; `headers` are beyond content type and length."""

    status: int
    body: bytes
    why: str
    content_type: bytes = JSON
    headers: tuple[tuple[bytes, bytes], ...] = ()
    fault: Fault | None = None
    """What befalls the reply on its way, for the transport to play."""
    wait_ms: int = 0
    """Of a delay: how long the transport waits, before the work or with the reply."""
    pending_ms: int = 0
    """How long a caller is willing to wait for another answer than this."""
    evidence: Evidence | None = None
    """The weakest mark of what it leans on; None where nothing is claimed of Clover."""
    basis: tuple[Basis, ...] = ()

    def __repr__(self) -> str:
        """Show it, card numbers masked."""
        return masked_repr(self)
