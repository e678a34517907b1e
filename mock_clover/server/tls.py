"""HTTPS: the layer between a socket and the HTTP protocol class, without I/O of its own.

asyncio and uvloop have such a layer each, and neither lets its handshakes be counted, ended or
answered. Here a connection is one of the server's from its first moment on: under the same cap,
ended by the same sweep, and gone when the server is. OpenSSL works on two buffers in memory.
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

from mock_clover.server import protocol
from mock_clover.server.authority import RENEW_DAYS, Authority, Leaf

HANDSHAKE_SECONDS_MAX = 10.0
_READ_BYTES = 65_536
_SAID = b"This is the HTTPS port of mock-clover: ask it by https://\n"
_PLAIN = (
    b"HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain; charset=utf-8\r\n"
    b"content-length: %d\r\nconnection: close\r\n\r\n%b" % (len(_SAID), _SAID)
)


class Tls:
    """What a server needs for HTTPS: a socket that listens, and a certificate that it renews."""

    def __init__(self, listener: socket.socket, authority: Authority, names: Iterable[str]) -> None:
        self.listener = listener
        self._authority = authority
        self._names = tuple(names)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        self.context.options |= ssl.OP_NO_RENEGOTIATION
        self.context.set_alpn_protocols(["http/1.1"])
        self._ends = self._certify()

    def renew(self, now: dt.datetime | None = None) -> None:
        """Make the certificate anew if it is about to end; new connections get the new one."""
        now = now or dt.datetime.now(dt.UTC)
        if self._ends - now < dt.timedelta(days=RENEW_DAYS):
            self._ends = self._certify(now)

    def _certify(self, now: dt.datetime | None = None) -> dt.datetime:
        now = now or dt.datetime.now(dt.UTC)
        leaf = self._authority.issue(self._names, now)
        _load(self.context, leaf)
        return leaf.ends


class TLSTransport(asyncio.Protocol):
    """One connection: a protocol to its socket, a transport to the HTTP protocol within."""

    transport: Any
    _tls: ssl.SSLObject

    def __init__(self, context: ssl.SSLContext, state: Any, within: Callable[[], Any]) -> None:
        self._context = context
        self._state = state
        self._make = within
        self._within: Any = None
        """The HTTP protocol, once the handshake is done."""
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._is_new = True

    # To the socket -------------------------------------------------------------------------------

    def connection_made(self, transport: Any) -> None:
        """Wait for a handshake; a connection too many is closed at once."""
        self.transport = transport
        self._since = self._state.now
        self._state.connections.add(self)
        self._tls = self._context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        if len(self._state.connections) > protocol.CONNECTIONS_MAX:
            transport.abort()

    def data_received(self, data: bytes) -> None:
        """Take what came: of the handshake, or sealed."""
        if self._is_new and 0x41 <= data[0] <= 0x5A:  # a method, where TLS begins with 0x16
            self.transport.write(_PLAIN)
            self.transport.close()
        self._is_new = False
        if self.transport.is_closing():
            return
        self._incoming.write(data)
        if self._within is not None or self._do_handshake():
            self._open()

    def _do_handshake(self) -> bool:
        """Go on with the handshake; tell whether it is done."""
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            self._flush()
            return False
        except ssl.SSLError:
            self._flush()  # the alert that says why
            self.transport.close()
            return False
        self._flush()
        self._state.connections.discard(self)
        self._within = self._make()
        self._within.connection_made(self)
        return True

    def _open(self) -> None:
        """Hand on what was sealed, all of it at once: head and body often come in two records."""
        parts, ends = [], False
        try:
            while part := self._tls.read(_READ_BYTES):
                parts.append(part)
            ends = True
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError:
            ends = True
        if parts:
            self._within.data_received(b"".join(parts))
        if ends:
            self.close()
        elif not self.transport.is_closing():
            self._flush()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the protocol within, and let go of it and of OpenSSL's memory, which is much."""
        self._state.connections.discard(self)
        if self._within is not None:
            self._within.connection_lost(exc)
        self._within = None
        del self._tls, self._incoming, self._outgoing

    def pause_writing(self) -> None:
        """Hand on that the peer takes nothing at present."""
        if self._within is not None:
            self._within.pause_writing()

    def resume_writing(self) -> None:
        """Hand on that the peer takes more."""
        if self._within is not None:
            self._within.resume_writing()

    # While there is a handshake the server holds this; later it holds the protocol within ---------

    def close_if_timed_out(self, now: float) -> None:
        """End a handshake that takes too long."""
        if now - self._since > HANDSHAKE_SECONDS_MAX:
            self.transport.abort()

    def shutdown(self) -> None:
        """End a handshake for the server's end."""
        self.transport.abort()

    # To the protocol within ----------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        """Seal and send."""
        if self.transport.is_closing():
            return
        rest = memoryview(data)
        try:
            while rest:  # a record holds 16 KiB
                rest = rest[self._tls.write(rest) :]
        except ssl.SSLError:  # the peer broke the session in the midst of it
            self.transport.abort()
            return
        self._flush()

    def close(self) -> None:
        """Say goodbye, then close once all is sent."""
        if not self.transport.is_closing():
            with contextlib.suppress(ssl.SSLError):  # the peer's goodbye is not waited for
                self._tls.unwrap()
            self._flush()
            self.transport.close()

    def abort(self) -> None:
        """End at once."""
        self.transport.abort()

    def is_closing(self) -> bool:
        """Tell whether it is closing or closed."""
        return bool(self.transport.is_closing())

    def pause_reading(self) -> None:
        """Read no more; all that came has been handed on."""
        self.transport.pause_reading()

    def resume_reading(self) -> None:
        """Read on."""
        self.transport.resume_reading()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Tell what is asked of a transport; that there is a context makes the scheme https."""
        if name == "sslcontext":
            return self._context
        return self.transport.get_extra_info(name, default)

    def _flush(self) -> None:
        if self._outgoing.pending:
            self.transport.write(self._outgoing.read())


def _load(context: ssl.SSLContext, leaf: Leaf) -> None:
    """Give OpenSSL its certificate: it reads files only, so a nameless one where there are such."""
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
