"""HTTPS: the layer between a socket and the HTTP protocol class, without I/O of its own.

asyncio and uvloop each have such a layer, but neither lets a server count, end or answer a
handshake, and asyncio's needs 280 KiB for each connection (docs/architecture.md). Here the server
owns a connection from the start: the same limit applies, the same sweep ends it, and it closes
with the server. OpenSSL works on two memory buffers.
"""

import asyncio
import contextlib
import datetime as dt
import os
import socket
import ssl
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from mock_clover.server.protocol import base
from mock_clover.server.tls.authority import RENEW_DAYS, Authority, Leaf, machine_time

HANDSHAKE_SECONDS_MAX = 10.0
_READ_BYTES = 65_536
_MESSAGE = b"This is the HTTPS port of mock-clover: use https://\n"
_PLAIN = (
    b"HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain; charset=utf-8\r\n"
    b"content-length: %d\r\nconnection: close\r\n\r\n%b" % (len(_MESSAGE), _MESSAGE)
)


class Tls:
    """The listening socket of an HTTPS server, and its certificate, which is renewed in time."""

    def __init__(
        self,
        listener: socket.socket,
        authority: Authority,
        names: Iterable[str],
        now: dt.datetime | None = None,
    ) -> None:
        self.listener = listener
        self._authority = authority
        self._names = tuple(names)
        self._notice = ""
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        self.context.options |= ssl.OP_NO_RENEGOTIATION
        self.context.set_alpn_protocols(["http/1.1"])
        self._certify(now or machine_time())

    def renew(self, log_message: Callable[[str], None], now: dt.datetime | None = None) -> None:
        """Issue a new certificate if needed; new connections use it. Announce the CA's end daily.

        It is also needed if the clock was set back: the certificate would not be valid yet.
        """
        now = now or machine_time()
        leaf, at = self._leaf, self._authority.clamp_to_validity(now)
        is_ending = leaf.not_after - at < dt.timedelta(days=RENEW_DAYS)
        if at < leaf.not_before or (is_ending and leaf.not_after < self._authority.not_after):
            self._certify(now)
        notice = self._authority.expiry_warning(now)
        if notice and notice != self._notice:
            log_message(notice)
        self._notice = notice

    def _certify(self, now: dt.datetime) -> None:
        self._leaf = self._authority.issue(self._names, now)
        _load(self.context, self._leaf)


class TLSTransport(asyncio.Protocol):
    """One connection: the protocol of its socket and the transport of the inner HTTP protocol."""

    transport: Any
    _tls: ssl.SSLObject

    def __init__(
        self, context: ssl.SSLContext, state: Any, create_protocol: Callable[[], Any]
    ) -> None:
        self._context = context
        self._state = state
        self._create_protocol = create_protocol
        self._protocol: Any = None
        """The HTTP protocol, once the handshake is complete."""
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._is_new = True

    # To the socket -------------------------------------------------------------------------------

    def connection_made(self, transport: Any) -> None:
        """Wait for a handshake; close the connection if there are too many."""
        self.transport = transport
        self._since = self._state.now
        self._state.connections.add(self)
        self._tls = self._context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        if not base.has_room(self._state.connections):
            transport.abort()

    def data_received(self, data: bytes) -> None:
        """Process handshake messages or encrypted data."""
        if self._is_new and 0x41 <= data[0] <= 0x5A:  # an HTTP method; TLS starts with 0x16
            self.transport.write(_PLAIN)
            self.transport.close()
        self._is_new = False
        if self.transport.is_closing():
            return
        self._incoming.write(data)
        if self._protocol is not None or self._do_handshake():
            self._decrypt()

    def _do_handshake(self) -> bool:
        """Continue the handshake; return whether it is complete."""
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            self._flush()
            return False
        except ssl.SSLError:
            self._flush()  # the alert with the reason
            self.transport.close()
            return False
        self._flush()
        self._state.connections.discard(self)
        self._protocol = self._create_protocol()
        self._protocol.connection_made(self)
        return True

    def _decrypt(self) -> None:
        """Pass on all decrypted data in one call: head and body often arrive in two records."""
        parts, is_closed = [], False
        try:
            while part := self._tls.read(_READ_BYTES):
                parts.append(part)
            is_closed = True
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError:
            is_closed = True
        if parts:
            self._protocol.data_received(b"".join(parts))
        if is_closed:
            self.close()
        elif not self.transport.is_closing():
            self._flush()

    def connection_lost(self, exc: Exception | None) -> None:
        """Notify the inner protocol; release it and OpenSSL's buffers, which are large."""
        self._state.connections.discard(self)
        if self._protocol is not None:
            self._protocol.connection_lost(exc)
        self._protocol = None
        del self._tls, self._incoming, self._outgoing

    def pause_writing(self) -> None:
        """Tell the inner protocol to stop writing."""
        if self._protocol is not None:
            self._protocol.pause_writing()

    def resume_writing(self) -> None:
        """Tell the inner protocol to write again."""
        if self._protocol is not None:
            self._protocol.resume_writing()

    # The server tracks this object during the handshake, then the inner protocol instead ----------

    def close_if_timed_out(self, now: float) -> None:
        """Abort a handshake that takes too long."""
        if now - self._since > HANDSHAKE_SECONDS_MAX:
            self.transport.abort()

    def shutdown(self) -> None:
        """Abort a handshake at shutdown."""
        self.transport.abort()

    # To the inner protocol -----------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        """Encrypt and send data."""
        if self.transport.is_closing():
            return
        rest = memoryview(data)
        try:
            while rest:  # a record holds 16 KiB
                rest = rest[self._tls.write(rest) :]
        except ssl.SSLError:  # the peer broke the session meanwhile
            self.transport.abort()
            return
        self._flush()

    def close(self) -> None:
        """Send close_notify, then close once everything is sent."""
        if not self.transport.is_closing():
            with contextlib.suppress(ssl.SSLError):  # do not wait for the peer's close_notify
                self._tls.unwrap()
            self._flush()
            self.transport.close()

    def abort(self) -> None:
        """Close immediately."""
        self.transport.abort()

    def is_closing(self) -> bool:
        """Return whether the connection is closing or closed."""
        return bool(self.transport.is_closing())

    def pause_reading(self) -> None:
        """Stop reading; all data received so far has been passed on."""
        self.transport.pause_reading()

    def resume_reading(self) -> None:
        """Start reading again."""
        self.transport.resume_reading()

    def get_write_buffer_size(self) -> int:
        """Return how many encrypted bytes the client has not read."""
        return int(self.transport.get_write_buffer_size())

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Return transport information; with an SSL context, uvicorn sets the scheme to https."""
        if name == "sslcontext":
            return self._context
        return self.transport.get_extra_info(name, default)

    def _flush(self) -> None:
        if self._outgoing.pending:
            self.transport.write(self._outgoing.read())


def _load(context: ssl.SSLContext, leaf: Leaf) -> None:
    """Load a certificate into OpenSSL, which reads only files; use an anonymous one if possible."""
    try:
        handle = os.memfd_create("mock-clover")
    except (AttributeError, OSError):
        handle, name = tempfile.mkstemp()
    else:
        name = f"/proc/self/fd/{handle}"
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(leaf.pem)
            file.flush()
            context.load_cert_chain(name)
    finally:
        if not name.startswith("/proc/"):
            Path(name).unlink()
