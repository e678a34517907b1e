"""The protocol class on h11, for systems without httptools: every request goes through ASGI."""

from uvicorn.protocols.http.h11_impl import H11Protocol

from mock_clover.server.protocol.base import HardenedProtocol


class HardenedH11Protocol(HardenedProtocol, H11Protocol):
    """Add the checks of HardenedProtocol to uvicorn's h11 protocol."""
