"""How a test's sandbox is named: after the test, so that its ids are the same in every run."""

import hashlib
import os
import re

_RUN = os.urandom(4).hex()
"""Keeps apart runs that share one running server."""
_TITLE_CHARS_MAX = 24
_NAME_CHARS_MAX = 64
_NO_NAME = re.compile(r"[^A-Za-z0-9]+")


def sandbox_name(nodeid: str, title: str, worker: str, *, shared: bool) -> str:
    """Return a name that no other test of this run has, nor of another run on a shared server."""
    digest = hashlib.sha256(nodeid.encode()).hexdigest()[:8]
    readable = _NO_NAME.sub("-", title)[:_TITLE_CHARS_MAX].strip("-")
    return "-".join(filter(None, (worker, _RUN if shared else "", digest, readable)))


def fork_name(name: str, number: int) -> str:
    """Return the name of a test's number-th fork of a sandbox."""
    suffix = f"-fork-{number}"
    return name[: _NAME_CHARS_MAX - len(suffix)] + suffix
