"""Where the authority is kept: made once, read back ever after, never half written.

    FOLDER/ca.pem                    the certificate, for anybody to trust
    FOLDER/private/authority.pem     key and certificate in one file, 0600 in a folder of 0700

So a folder may be shared with clients, who can read the one and not the other. One process at a
time makes anything in it; what is replaced is kept beside, for it may be somebody's own.
"""

import contextlib
import datetime as dt
import os
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from mock_clover.sandbox.files import regular_file, write_whole
from mock_clover.server.authority import Authority, AuthorityError, make, parse

CERTIFICATE = "ca.pem"
_PRIVATE = "private"
_PAIR = "authority.pem"
_LOCK = "lock"
_LOCK_S_MAX = 5.0
"""Making an authority takes milliseconds: who holds the lock for longer hangs."""
_PAIR_BYTES_MAX = 65_536


class StoredCA(NamedTuple):
    """An authority, where its certificate lies (nowhere if in memory), and what there is to say."""

    authority: Authority
    certificate: Path | None
    said: str = ""


def default_folder() -> Path | None:
    """Return the folder of the user's data, by the system's custom; None when there is no home."""
    named = os.environ.get("LOCALAPPDATA" if sys.platform == "win32" else "XDG_DATA_HOME", "")
    if named and Path(named).is_absolute():
        return Path(named) / "mock-clover"
    try:
        home = Path.home()
    except RuntimeError:
        return None
    if sys.platform == "win32":
        return home / "AppData" / "Local" / "mock-clover"
    if sys.platform == "darwin":
        return home / "Library" / "Application Support" / "mock-clover"
    return home / ".local" / "share" / "mock-clover"


def keep(folder: Path | None, further: Iterable[str], now: dt.datetime) -> StoredCA:
    """Return the authority of a folder, made if it is not there. Raises AuthorityError.

    Without a folder it is that of the user's data; where nothing can be written there, the
    authority lives in memory.
    """
    place = folder or default_folder()
    reason = "there is no home folder"
    if place is not None:
        try:
            return _kept(place, tuple(further), now)
        except OSError as error:
            reason = f"{place}: {error.strerror}"
    if folder is not None:
        raise AuthorityError(f"--tls-folder {reason}")
    return StoredCA(make(further, now), None, f"{reason}: the authority lives in memory only")


def _kept(folder: Path, further: tuple[str, ...], now: dt.datetime) -> StoredCA:
    private, said = folder / _PRIVATE, ""
    private.mkdir(mode=0o700, parents=True, exist_ok=True)
    pair, certificate = regular_file(private / _PAIR), regular_file(folder / CERTIFICATE)
    _close(private, 0o700)
    with _alone(private):
        found = _read(pair)
        try:
            authority = parse(found, now) if found is not None else None
        except AuthorityError as error:
            authority = None
            pair.replace(pair.with_suffix(".old"))
            said = f"{pair} {error}: a new authority is made, which clients must trust anew"
        if authority is None:
            authority = make(further, now)
            write_whole(pair, authority.to_pem(), 0o600)
            said = said or f"a new authority is made in {folder}"
        else:
            _close(pair, 0o600)
        if _read(certificate) != authority.pem:
            write_whole(certificate, authority.pem, 0o644)
    return StoredCA(authority, folder / CERTIFICATE, said)


def _read(path: Path) -> bytes | None:
    try:
        with path.open("rb") as file:
            return file.read(_PAIR_BYTES_MAX)
    except FileNotFoundError:
        return None


def _close(path: Path, mode: int) -> None:
    """Take rights away that others should not have; whose it is not, cannot."""
    if path.stat().st_mode & 0o077 & ~mode:
        with contextlib.suppress(OSError):
            path.chmod(mode)


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let one process at a time through; where nothing can be written, nothing need be guarded."""
    try:
        handle = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError:
        yield
        return
    try:
        until = time.monotonic() + _LOCK_S_MAX
        while not _lock(handle):
            if time.monotonic() > until:
                raise AuthorityError(f"{folder / _LOCK}: another process holds it")
            time.sleep(0.01)
        yield
    finally:
        os.close(handle)  # and the lock goes with it, also when the process is killed


def _lock(handle: int) -> bool:
    """Try to take a lock; where the file system has none, do without."""
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
