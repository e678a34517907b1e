"""Run a command until it ends, or until the pipe on standard input does.

pytest holds the other end of the pipe; however pytest ends, killed or not, so ends its server. Run
as a file, with the standard library only: it must start in no time.
"""

import subprocess
import sys
import threading

_PATIENCE_S = 3.0


def main(command: list[str]) -> int:
    """Run the command and return its exit code."""
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603 - our own command

    def end() -> None:
        sys.stdin.buffer.read(1)  # a byte or the end: either way it is over
        child.terminate()
        try:
            child.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            child.kill()

    threading.Thread(target=end, daemon=True).start()
    return child.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
