"""Port files, for scripts that start a server on a free port."""

import contextlib
import socket
from pathlib import Path

import click

from mock_clover.cli.base import exit_with_error
from mock_clover.sandbox.files import resolve_regular_file, write_atomically

_DIGITS_MAX = 8
_CONNECT_S_MAX = 1


class PortFile:
    """The port file of one option; does nothing if the option is not set.

    Exits the command if the file cannot be used.
    """

    def __init__(self, option: str, path: Path | None, host: str) -> None:
        """Delete a file left by an earlier server, unless something listens on its port."""
        self._option = option
        self._path = path
        self._content = b""
        if path is not None:
            click.get_current_context().call_on_close(self._remove)
            try:
                file = resolve_regular_file(path)
                if not _is_in_use(file, host):
                    file.unlink(missing_ok=True)
            except OSError as error:
                self._exit_with_error(error)

    def write(self, port: int) -> None:
        """Write the port file; called when the server is listening."""
        if self._path is not None:
            self._content = b"%d\n" % port
            try:
                write_atomically(self._path, self._content)
            except OSError as error:
                self._exit_with_error(error)

    def _remove(self) -> None:
        """Delete the file on exit, unless another server has replaced it."""
        if self._path is not None and self._content:
            with contextlib.suppress(OSError):
                file = resolve_regular_file(self._path)
                if file.read_bytes() == self._content:
                    file.unlink()

    def _exit_with_error(self, error: OSError) -> None:
        exit_with_error(f"{self._option} {self._path}: {error.strerror}")


def _is_in_use(file: Path, host: str) -> bool:
    """Return whether a port file has a port on which a server listens.

    The file of a running server must outlive a second server that fails to start.
    """
    with contextlib.suppress(OSError, ValueError, OverflowError):
        port = int(file.read_bytes()[:_DIGITS_MAX])
        with socket.create_connection((host, port), _CONNECT_S_MAX):
            return True
    return False
