"""Run a command until it exits or standard input closes.

pytest holds the other end of the pipe, so the server stops even if pytest is killed. It runs as a
file and imports only the standard library, to start fast.
"""

import subprocess
import sys
import threading

_TERMINATE_S_MAX = 3.0


def main(command: list[str]) -> int:
    """Run the command and return its exit code."""
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603 - our own command

    def stop_on_input() -> None:
        sys.stdin.buffer.read(1)  # a byte or end of file: both mean stop
        child.terminate()
        try:
            child.wait(_TERMINATE_S_MAX)
        except subprocess.TimeoutExpired:
            child.kill()

    threading.Thread(target=stop_on_input, daemon=True).start()
    return child.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
