"""Run a command until it exits or standard input closes.

pytest holds the other end of the pipe, so the server stops even if pytest is killed. Then the guard
deletes the server's folder, which pytest deletes otherwise. It runs as a file and imports only the
standard library, to start fast.
"""

import shutil
import subprocess
import sys
import threading

_TERMINATE_S_MAX = 3.0


def main(folder: str, command: list[str]) -> int:
    """Run the command and return its exit code."""
    received: list[bytes] = []
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603 - our own command

    def stop_on_input() -> None:
        received.append(sys.stdin.buffer.read(1))  # a byte, or none at the end: both mean stop
        child.terminate()
        try:
            child.wait(_TERMINATE_S_MAX)
        except subprocess.TimeoutExpired:
            child.kill()

    threading.Thread(target=stop_on_input, daemon=True).start()
    code = child.wait()
    if received == [b""]:  # pytest is gone
        shutil.rmtree(folder, ignore_errors=True)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
