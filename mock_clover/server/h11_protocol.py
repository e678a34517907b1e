"""The protocol class on h11, for systems without httptools: every request goes through ASGI."""

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from mock_clover.server.protocol import HardenedProtocol


class GuardedH11(HardenedProtocol, H11Protocol):
    """Extend uvicorn's h11 protocol with the checks of HardenedProtocol."""

    def on_response_complete(self) -> None:
        """Continue with the bytes that were held back until this response."""
        super().on_response_complete()
        if self._held and not self.transport.is_closing():
            self.data_received(b"")

    def _content_length(self) -> bytes | None:
        return next((v for n, v in self.headers if n == b"content-length"), None)

    def _is_between_requests(self) -> bool:
        return self.conn.their_state in (h11.IDLE, h11.DONE, h11.MUST_CLOSE)

    def _response_is_due(self) -> bool:
        return self.conn.their_state is not h11.IDLE
