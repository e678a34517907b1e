"""Read a capsule from a file. It is untrusted: its size and its depth are bounded."""

from pathlib import Path

import msgspec

from mock_clover.conformance.replay import ReplayError
from mock_clover.control.capsule_records import CAPSULE_BYTES_MAX, CAPSULE_VERSION, Capsule
from mock_clover.core.codec import Codec, MalformedError, ViolationsError


class _Version(msgspec.Struct):
    mock_clover_capsule: int


def read_capsule(file: Path) -> Capsule:
    """Return the capsule in a file. Raises ReplayError with the path of what is wrong."""
    try:
        with file.open("rb") as stream:
            data = stream.read(CAPSULE_BYTES_MAX + 1)
    except OSError as error:
        raise ReplayError(f"cannot be read: {error.strerror}") from None
    return decode_capsule(data)


def decode_capsule(data: bytes) -> Capsule:
    """Decode a capsule. Raises ReplayError."""
    if len(data) > CAPSULE_BYTES_MAX:
        raise ReplayError(f"is larger than {CAPSULE_BYTES_MAX / 2**20:g} MiB")
    try:
        version = msgspec.json.decode(data, type=_Version).mock_clover_capsule
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise ReplayError("is not a capsule: JSON with `mock_clover_capsule` is expected") from None
    if version != CAPSULE_VERSION:
        raise ReplayError(
            f"mock_clover_capsule: version {version}; this mock-clover reads {CAPSULE_VERSION}"
        )
    try:
        return Codec(Capsule).decode(data)
    except (MalformedError, ViolationsError) as error:
        raise ReplayError(str(error)) from None
