"""The protocol on h11, for where there is no httptools: every request goes by ASGI."""

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from mock_clover.server.protocol import HardenedProtocol


class GuardedH11(HardenedProtocol, H11Protocol):
    """uvicorn's h11 protocol, guarded."""

    def on_response_complete(self) -> None:
        """Go on with what was held back while this answer was due."""
        super().on_response_complete()
        if self._held and not self.transport.is_closing():
            self.data_received(b"")

    def _content_length(self) -> bytes | None:
        return next((v for n, v in self.headers if n == b"content-length"), None)

    def _is_between_requests(self) -> bool:
        return self.conn.their_state in (h11.IDLE, h11.DONE, h11.MUST_CLOSE)

    def _answer_is_due(self) -> bool:
        return self.conn.their_state is not h11.IDLE
