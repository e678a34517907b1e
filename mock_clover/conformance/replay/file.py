"""Read a capsule from a file, and its schema. It is untrusted: size and depth are bounded."""

import re
from pathlib import Path
from typing import Any

import msgspec

from mock_clover.conformance.replay.steps import ReplayError
from mock_clover.control.capsule.records import CAPSULE_BYTES_MAX, CAPSULE_VERSION, Capsule
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


def capsule_schema() -> dict[str, Any]:
    """Return the JSON Schema of capsules; `state` is any object, because a snapshot has its own."""
    schema: dict[str, Any] = msgspec.json.schema(Capsule)
    records = schema["$defs"]
    for name in ("Capsule", "CapsuleMerchant"):
        records[name]["properties"]["state"] = {
            "type": "object",
            "description": "A snapshot, as `GET /_mock/snapshot` returns it.",
        }
    needed, found = {"Capsule"}, {"Capsule"}
    while found:
        text = msgspec.json.encode([records[name] for name in found]).decode()
        found = set(re.findall(r'"#/\$defs/(\w{1,80})"', text)) - needed
        needed |= found
    return schema | {"$defs": {name: each for name, each in records.items() if name in needed}}
