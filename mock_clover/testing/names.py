"""Names of sandboxes. They derive from the test, so ids are the same in every run."""

import hashlib
import os
import re

from mock_clover.core.masking import redact

DEFAULT_NAME = "default"
"""The sandbox at the base URL of a server."""
SWEPT_SANDBOX = "MOCK_CLOVER_SWEEP_SANDBOX"
"""The variable with the name of the sandbox, in a run of `mock-clover sweep`."""
SWEPT_OPTION = "--mock-clover-swept"
"""Tells pytest that the sandbox of the sweep has the settings of the test's marker."""
_RUN = os.urandom(4).hex()
"""Distinguishes test runs that share one server."""
_TITLE_CHARS_MAX = 24
_LETTERS = str.maketrans("0123456789", "ghijklmnop")
"""Digits that look like a card number are not allowed in a name."""
_NAME_CHARS_MAX = 64
_INVALID_CHARS = re.compile(r"[^A-Za-z0-9]+")


def sandbox_name(nodeid: str, title: str, worker: str, *, shared: bool) -> str:
    """Return a name that is unique in this run, and across runs on a shared server."""
    digest = hashlib.sha256(nodeid.encode()).hexdigest()[:8]
    readable = _INVALID_CHARS.sub("-", title)[:_TITLE_CHARS_MAX].strip("-")
    name = "-".join(filter(None, (worker, _RUN if shared else "", digest, readable)))
    return name.translate(_LETTERS) if redact(name) != name else name


def fork_name(name: str, number: int) -> str:
    """Return the name of the number-th fork of a sandbox."""
    suffix = f".fork-{number}"  # after a dot: replicas keep it beside its original
    return name[: _NAME_CHARS_MAX - len(suffix)] + suffix
