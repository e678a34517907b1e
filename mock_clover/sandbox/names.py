"""Names of sandboxes."""

import re

from mock_clover.core.evidence import END_OF_STRING
from mock_clover.core.masking import redact
from mock_clover.scenario.records import ScenarioError

NAME_CHARS_MAX = 64
NAME = rf"[A-Za-z0-9][A-Za-z0-9._\-]{{0,{NAME_CHARS_MAX - 1}}}"
"""A regular expression for a name within a path."""
WHOLE_NAME = f"^{NAME}{END_OF_STRING}"
_ALLOWED = f"up to {NAME_CHARS_MAX} letters, digits, '.', '_' and '-'"
NAME_RULE = (
    f"use {_ALLOWED}; start with a letter or digit; do not use what looks like a card number"
)
NAME_IS = f"{_ALLOWED}, the first a letter or a digit"


def shard_of(name: str) -> str:
    """Return the part of a name that selects a replica.

    The merchants of a sandbox have its name, a dot and their own name, so they have its shard.
    """
    return name.partition(".")[0]


def is_masked(name: str) -> bool:
    """Return whether logs, headers and snapshots would mask a name: it looks like a card number."""
    return redact(name) != name


def is_valid_name(name: str) -> bool:
    """Return whether a sandbox can have a name."""
    return re.search(WHOLE_NAME, name) is not None and not is_masked(name)


def check_name(name: str) -> None:
    """Reject a name that would be masked. Raises ScenarioError."""
    if is_masked(name):
        raise ScenarioError(f"the name of the sandbox, {redact(name)}, looks like a card number")
