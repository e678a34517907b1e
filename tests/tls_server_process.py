"""A server in its own process with HTTP and HTTPS."""

import ssl
from pathlib import Path
from typing import NamedTuple

from tests.raw_http import RawConnection
from tests.server_process import ServerProcess


class TlsServerProcess(NamedTuple):
    """A server with HTTPS, and a TLS context that trusts it."""

    server: ServerProcess
    context: ssl.SSLContext
    folder: Path

    @property
    def port(self) -> int:
        """The HTTPS port."""
        return self.server.tls_port

    def connect(self) -> RawConnection:
        """Open a TLS connection."""
        return RawConnection(self.port, self.context)


def start(folder: Path, *options: str, python: tuple[str, ...] = ()) -> TlsServerProcess:
    """Start a server with HTTPS that keeps its certificate authority in `folder`."""
    ports = ("--tls-port", "0", "--tls-port-file", str(folder / "tls-port"))
    tls_folder = ("--tls-folder", str(folder / "tls"))
    server = ServerProcess(folder, "--tls", *ports, *tls_folder, *options, python=python)
    context = ssl.create_default_context(cafile=str(folder / "tls" / "ca.pem"))
    return TlsServerProcess(server, context, folder)
