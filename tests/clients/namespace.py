"""A network and a hosts file of one's own: Clover's names are this machine, and nothing else is.

As a program, `unshare --mount --net python namespace.py HOSTS`, it makes the namespace that it was
started in so, says `ready`, and stays until its input ends. There is nothing but loopback in it.
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
    """Give what a command goes behind to run in it. Raises MissingError where none can be made."""
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
            said = keeper.stderr.read().strip().splitlines()
            raise MissingError(
                f"no namespace can be made here: {said[-1] if said else 'no reason told'}"
            )
        try:
            yield [enter, "--target", str(keeper.pid), "--mount", "--net", "--"]
        finally:
            keeper.stdin.close()


def main() -> None:
    """Bring loopback up, put the hosts file in its place, and stay."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        fcntl.ioctl(line, _SET_FLAGS, struct.pack("16sH14x", b"lo", _UP))
    subprocess.run(["mount", "--bind", sys.argv[1], "/etc/hosts"], check=True)
    print("ready", flush=True)
    os.read(0, 1)


if __name__ == "__main__":
    main()
