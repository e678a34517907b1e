"""The health check of the image: `python3 -m mock_clover.health`.

It does what `mock-clover health` does, with a quarter of its processor time: a container runs it
every few seconds.
"""

import os
import socket
import sys

_TIMEOUT_S = 2
_READY = b"HTTP/1.1 200 "


def main(default_port: str = "4242") -> int:
    """Return 0 if the server of this container is ready, and 1 if not."""
    port = os.environ.get("MOCK_CLOVER_PORT") or default_port
    try:
        with socket.create_connection(("127.0.0.1", int(port)), _TIMEOUT_S) as connection:
            connection.sendall(b"GET /readyz HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n")
            head = connection.recv(len(_READY), socket.MSG_WAITALL)
    except (OSError, ValueError, OverflowError) as error:
        sys.stderr.write(f"not ready: {error}\n")
        return 1
    return 0 if head == _READY else 1


if __name__ == "__main__":
    sys.exit(main())
