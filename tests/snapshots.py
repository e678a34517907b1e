"""Snapshots without a request."""

from mock_clover.control.snapshot.endpoints import encode_snapshot
from mock_clover.control.snapshot.records import Snapshot
from mock_clover.core.codec import Codec
from mock_clover.core.steps import finish
from mock_clover.sandbox.sandbox import Sandbox


def snapshot_of(sandbox: Sandbox) -> Snapshot:
    """Return a snapshot of a sandbox."""
    return Codec(Snapshot).decode(finish(encode_snapshot(sandbox)).body)
