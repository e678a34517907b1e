"""A real server with HTTPS beside HTTP, and what its clients trust."""

import ssl
from pathlib import Path
from typing import NamedTuple

from tests.served import Served
from tests.wire import Wire


class Secured(NamedTuple):
    """A server with HTTPS, and what a client of it trusts."""

    server: Served
    context: ssl.SSLContext
    folder: Path

    @property
    def port(self) -> int:
        """Of HTTPS."""
        return self.server.tls_port

    def wire(self) -> Wire:
        """Open a connection by TLS."""
        return Wire(self.port, self.context)


def start(folder: Path, *options: str, python: tuple[str, ...] = ()) -> Secured:
    """Start a server with HTTPS whose authority is kept beside."""
    ports = ("--tls-port", "0", "--tls-port-file", str(folder / "tls-port"))
    keep = ("--tls-folder", str(folder / "tls"))
    server = Served(folder, "--tls", *ports, *keep, *options, python=python)
    context = ssl.create_default_context(cafile=str(folder / "tls" / "ca.pem"))
    return Secured(server, context, folder)
