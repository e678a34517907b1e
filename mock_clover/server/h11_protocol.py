"""The protocol class on h11, for systems without httptools: every request goes through ASGI."""

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from mock_clover.server.protocol import HardenedProtocol


class HardenedH11Protocol(HardenedProtocol, H11Protocol):
    """Add the checks of HardenedProtocol to uvicorn's h11 protocol."""

    def on_response_complete(self) -> None:
        """Continue with the bytes that were buffered until this response."""
        super().on_response_complete()
        if self._buffered and not self.transport.is_closing():
            self.data_received(b"")

    def _content_length(self) -> bytes | None:
        return next((v for n, v in self.headers if n == b"content-length"), None)

    def _is_between_requests(self) -> bool:
        return self.conn.their_state in (h11.IDLE, h11.DONE, h11.MUST_CLOSE)

    def _has_pending_response(self) -> bool:
        return self.conn.their_state is not h11.IDLE
