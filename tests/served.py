"""A real server in a process of its own."""

import subprocess
import sys
import time
from pathlib import Path

from tests.wire import PATIENCE_S
from tests.world import SEED


class Served:
    """A running server: its address, its log, and its end."""

    def __init__(self, folder: Path, *options: str, python: tuple[str, ...] = ()) -> None:
        port_file = folder / "port"
        self.log = folder / "server.log"
        command = python or (sys.executable, "-m", "mock_clover")
        self._sink = self.log.open("wb")
        self.process = subprocess.Popen(
            [*command, "serve", "--port", "0", "--port-file", port_file, "--seed", SEED, *options],
            stdout=self._sink,
            stderr=self._sink,
        )
        deadline = time.monotonic() + PATIENCE_S
        while not port_file.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(self.log.read_text())
            time.sleep(0.005)
        self.port = int(port_file.read_text())
        self.tls_port = int(tls.read_text()) if (tls := folder / "tls-port").exists() else 0
        self.url = f"http://127.0.0.1:{self.port}"

    def stop(self) -> int:
        """End the server and return its exit code."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._sink.close()
        return self.process.returncode
