"""Store the certificate authority on disk: create it once, then read it, never write it partially.

    FOLDER/ca.pem                    the root's certificate, for clients to trust
    FOLDER/private/authority.pem     issuing key, its certificate and the root's; 0600 in a 0700
                                     folder

The folder can be shared with clients: they can read the certificate but not the key. Only one
process at a time writes to it. A replaced file is renamed, because it may be the user's own.
"""

import contextlib
import datetime as dt
import os
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from mock_clover.sandbox.files import resolve_regular_file, write_atomically
from mock_clover.server.tls.authority import (
    Authority,
    AuthorityError,
    OlderVersionError,
    create_authority,
    parse_authority,
)

CERTIFICATE = "ca.pem"
_PRIVATE = "private"
_KEY_FILE = "authority.pem"
_LOCK = "lock"
_LOCK_S_MAX = 5.0
"""Creating an authority takes milliseconds: a process that holds the lock longer has hung."""
_KEY_FILE_BYTES_MAX = 65_536


class StoredCA(NamedTuple):
    """An authority, the path of its certificate (None if in memory), and a message for the user."""

    authority: Authority
    certificate: Path | None
    message: str = ""


def default_folder() -> Path | None:
    """Return the platform's user data folder for mock-clover; None without a home folder."""
    data_home = os.environ.get("LOCALAPPDATA" if sys.platform == "win32" else "XDG_DATA_HOME", "")
    if data_home and Path(data_home).is_absolute():
        return Path(data_home) / "mock-clover"
    try:
        home = Path.home()
    except RuntimeError:
        return None
    if sys.platform == "win32":
        return home / "AppData" / "Local" / "mock-clover"
    if sys.platform == "darwin":
        return home / "Library" / "Application Support" / "mock-clover"
    return home / ".local" / "share" / "mock-clover"


def load_or_create_ca(folder: Path | None, additional: Iterable[str], now: dt.datetime) -> StoredCA:
    """Return the authority of a folder; create it if it is missing. Raises AuthorityError.

    Without a folder, use `default_folder()`; if that is not writable, keep the authority in memory.
    """
    target = folder or default_folder()
    reason = "there is no home folder"
    if target is not None:
        try:
            return _load_or_create(target, tuple(additional), now)
        except OSError as error:
            reason = f"{target}: {error.strerror}"
    if folder is not None:
        raise AuthorityError(f"--tls-folder {reason}")
    return StoredCA(
        create_authority(additional, now), None, f"{reason}: the authority is in memory only"
    )


def _load_or_create(folder: Path, additional: tuple[str, ...], now: dt.datetime) -> StoredCA:
    private, message = folder / _PRIVATE, ""
    private.mkdir(mode=0o700, parents=True, exist_ok=True)
    key_file, certificate = (
        resolve_regular_file(private / _KEY_FILE),
        resolve_regular_file(folder / CERTIFICATE),
    )
    _restrict(private, 0o700)
    with _exclusive(private):
        pem = _read(key_file)
        try:
            authority = parse_authority(pem, now) if pem is not None else None
        except OlderVersionError as error:
            raise AuthorityError(
                f"{key_file} {error}: Java did not restrict its names. Delete {folder}, remove the "
                "old certificate where clients trust it, and make them trust the new one"
            ) from None
        except AuthorityError as error:
            authority = None
            key_file.replace(key_file.with_suffix(".old"))
            message = f"{key_file} {error}: created a new authority; clients must trust the new one"
        if authority is None:
            authority = create_authority(additional, now)
            write_atomically(key_file, authority.to_pem(), 0o600)
            message = message or f"created a new authority in {folder}"
        else:
            message = authority.expiry_warning(now)
            _restrict(key_file, 0o600)
        if _read(certificate) != authority.pem:
            write_atomically(certificate, authority.pem, 0o644)
    return StoredCA(authority, folder / CERTIFICATE, message)


def _read(path: Path) -> bytes | None:
    try:
        with path.open("rb") as file:
            return file.read(_KEY_FILE_BYTES_MAX)
    except FileNotFoundError:
        return None


def _restrict(path: Path, mode: int) -> None:
    """Remove the permissions of other users; ignore the failure if we are not the owner."""
    if path.stat().st_mode & 0o077 & ~mode:
        with contextlib.suppress(OSError):
            path.chmod(mode)


@contextlib.contextmanager
def _exclusive(folder: Path) -> Iterator[None]:
    """Lock the folder against other processes; without a lock if it is not writable."""
    try:
        handle = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError:
        yield
        return
    try:
        until = time.monotonic() + _LOCK_S_MAX
        while not _lock(handle):
            if time.monotonic() > until:
                raise AuthorityError(
                    f"{folder / _LOCK} is locked by another mock-clover process; try again later"
                )
            time.sleep(0.01)
        yield
    finally:
        os.close(handle)  # releases the lock, as does the end of the process


def _lock(handle: int) -> bool:
    """Return whether the lock is ours; True on file systems that have no locks."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:
        return True
    return True
