"""Write files atomically; only regular files are replaced."""

import contextlib
import errno
import os
import stat
from pathlib import Path

_KINDS = (
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def resolve_regular_file(path: Path) -> Path:
    """Return the regular file at a path, which need not exist; symbolic links are followed.

    Raises OSError if the folder does not exist, or if the path is something else, such as a device,
    which a rename would replace and a read could block on.
    """
    target = Path(os.path.realpath(path))
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        target.parent.stat()
        return target
    if not stat.S_ISREG(mode):
        kind = next((name for is_kind, name in _KINDS if is_kind(mode)), "a special file")
        raise OSError(errno.EINVAL, f"{path.name} is {kind}, not a regular file")
    return target


def write_atomically(
    path: Path, content: bytes, mode: int | None = None, *, keep_existing: bool = False
) -> None:
    """Write a file atomically: a reader sees the old content or the new one. Raises OSError.

    Without a mode, the umask applies. With a mode, the file is private until it is complete.
    With `keep_existing`, raises FileExistsError if there is a file.
    """
    target = resolve_regular_file(path)
    # Not the process id: servers in containers that share a folder may all have the same one.
    temporary = target.with_name(f".{target.name}.{os.urandom(4).hex()}")
    try:
        handle = os.open(
            temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666 if mode is None else 0o600
        )
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(handle)
        if mode is not None:
            temporary.chmod(mode)
        if keep_existing and _link(temporary, target):
            temporary.unlink()
        else:
            temporary.replace(target)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def _link(temporary: Path, target: Path) -> bool:
    """Link a file to a free name; return False without hard links. Raises FileExistsError."""
    try:
        os.link(temporary, target)
    except FileExistsError:
        raise
    except OSError:
        if target.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST)) from None
        return False
    return True
