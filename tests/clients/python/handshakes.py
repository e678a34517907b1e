"""Whose certificates Python takes: one handshake for each HOST:PORT given.

The port is on this machine; the host is who the client means.
"""

import json
import socket
import ssl
import sys


def handshake(place: str) -> str:
    """Return "accepted", or the reason of a refusal."""
    host, _, port = place.rpartition(":")
    context = ssl.create_default_context()
    try:
        with (
            socket.create_connection(("127.0.0.1", int(port))) as plain,
            context.wrap_socket(plain, server_hostname=host),
        ):
            return "accepted"
    except ssl.SSLError as error:
        return str(error)


print(json.dumps([handshake(place) for place in sys.argv[1:]]))
