"""A server in its own process."""

import subprocess
import sys
import time
from pathlib import Path

from tests.in_process import SEED
from tests.raw_http import TIMEOUT_S


class ServerProcess:
    """A running server: its address and its log."""

    def __init__(self, folder: Path, *options: str, python: tuple[str, ...] = ()) -> None:
        port_file = folder / "port"
        self.log = folder / "server.log"
        command = python or (sys.executable, "-m", "mock_clover")
        self._output = self.log.open("wb")
        self.process = subprocess.Popen(
            [*command, "serve", "--port", "0", "--port-file", port_file, "--seed", SEED, *options],
            stdout=self._output,
            stderr=self._output,
        )
        deadline = time.monotonic() + TIMEOUT_S
        while not port_file.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(self.log.read_text())
            time.sleep(0.005)
        self.port = int(port_file.read_text())
        self.tls_port = int(tls.read_text()) if (tls := folder / "tls-port").exists() else 0
        self.url = f"http://127.0.0.1:{self.port}"

    def stop(self) -> int:
        """Stop the server and return its exit code."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._output.close()
        return self.process.returncode
