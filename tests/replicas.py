"""Three replicas behind nginx, with the configuration of docs/howto/replicas.md."""

import os
import re
import shutil
import socket
import subprocess
from pathlib import Path

from mock_clover.sandbox.keys import KeyRing
from tests.raw_http import TIMEOUT_S, eventually
from tests.server_process import ServerProcess

PAGE = Path(__file__).parents[1] / "docs/howto/replicas.md"
NGINX = shutil.which(
    "nginx", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/usr/local/sbin"
)
_MAIN = """\
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
{servers}}}
"""


def documented_configuration() -> str:
    """Return the configuration of the page."""
    (text,) = re.findall(r"^```nginx\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    return str(text)


class Replicas:
    """Replicas that share their key files, and nginx in front of them."""

    def __init__(self, folder: Path, count: int = 3) -> None:
        self.folder = folder
        self.key_file = folder / "clover.pem"
        self.keys = KeyRing(self.key_file)
        self.keys.export()
        self.keys.production.export()
        self.servers: list[ServerProcess] = []
        self._nginx: subprocess.Popen[bytes] | None = None
        try:
            for number in range(count):
                self.servers.append(self._start(number, 0))
            self.port = _free_port()
            self._nginx = self._start_nginx()
            eventually(lambda: _listens(self.port) or self._nginx_error())
        except BaseException:
            self.stop()
            raise

    @property
    def nginx_pid(self) -> int | None:
        """The process of nginx."""
        return self._nginx.pid if self._nginx else None

    def restart(self, number: int) -> None:
        """Start a replica again that was killed, on its port."""
        port = self.servers[number].port
        self.servers[number].stop()
        (self.folder / f"replica-{number}" / "port").unlink()  # a killed server leaves it
        self.servers[number] = self._start(number, port)

    def stop(self) -> None:
        """Stop nginx and all replicas."""
        if self._nginx is not None:
            self._nginx.terminate()
            self._nginx.wait(TIMEOUT_S)
        for server in self.servers:
            server.stop()

    def _start(self, number: int, port: int) -> ServerProcess:
        folder = self.folder / f"replica-{number}"
        folder.mkdir(exist_ok=True)
        options = ("--replica", "--key-file", str(self.key_file), "--log-format", "none")
        return ServerProcess(folder, *options, "--port", str(port))

    def _start_nginx(self) -> subprocess.Popen[bytes]:
        servers = documented_configuration().replace("listen 8080", f"listen 127.0.0.1:{self.port}")
        for number in range(3):
            name, port = f"clover-{number}:4242", self.servers[number % len(self.servers)].port
            servers = (
                servers.replace(name, f"127.0.0.1:{port}")
                if number < len(self.servers)
                else re.sub(rf".*\b{name}\b.*\n", "", servers)
            )
        file = self.folder / "nginx.conf"
        file.write_text(_MAIN.format(folder=self.folder, servers=servers))
        return subprocess.Popen([str(NGINX), "-c", str(file), "-e", str(self.folder / "nginx.log")])

    def _nginx_error(self) -> bool:
        """Return False while nginx runs. Raises RuntimeError if it has exited."""
        if self._nginx is not None and self._nginx.poll() is not None:
            raise RuntimeError((self.folder / "nginx.log").read_text())
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
