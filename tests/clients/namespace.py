"""A network namespace with its own hosts file: Clover's names resolve to this machine.

As a program, `unshare --mount --net python namespace.py HOSTS`, it sets up the namespace in which
it was started, prints `ready`, and stays until its input ends. The namespace has only loopback.
"""

import contextlib
import fcntl
import os
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

_SET_FLAGS = 0x8914  # SIOCSIFFLAGS, of linux/sockios.h
_UP = 0x1


@contextlib.contextmanager
def namespace(hosts: Path) -> Iterator[list[str]]:
    """Yield the command prefix that runs a command in it. Raises MissingError."""
    from toolbox import MissingError, plain_environment, require_tool

    command = [require_tool("unshare"), "--mount", "--net", sys.executable, __file__, str(hosts)]
    enter = require_tool("nsenter")
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=plain_environment(),
    ) as keeper:
        assert keeper.stdin is not None
        assert keeper.stdout is not None
        assert keeper.stderr is not None
        if keeper.stdout.readline() != "ready\n":
            result = keeper.stderr.read().strip().splitlines()
            raise MissingError(
                f"no namespace can be made here: {result[-1] if result else 'no reason told'}"
            )
        try:
            yield [enter, "--target", str(keeper.pid), "--mount", "--net", "--"]
        finally:
            keeper.stdin.close()


def main() -> None:
    """Bring loopback up, mount the hosts file, and wait."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        fcntl.ioctl(line, _SET_FLAGS, struct.pack("16sH14x", b"lo", _UP))
    subprocess.run(["mount", "--bind", sys.argv[1], "/etc/hosts"], check=True)
    print("ready", flush=True)
    os.read(0, 1)


if __name__ == "__main__":
    main()
