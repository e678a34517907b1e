"""Every decline that a test may ask for, to parametrise over."""

from typing import Any, NamedTuple

import pytest


class Decline(NamedTuple):
    """One decline: how to ask for it, and what the client is told."""

    code: str
    decline_code: str
    message: str

    @property
    def outcome(self) -> str:
        """The value of the header `x-mock-clover-outcome` that asks for it."""
        return f"{self.code}/{self.decline_code}"

    @property
    def headers(self) -> dict[str, str]:
        """The header that asks for it, where a test can add one."""
        return {"x-mock-clover-outcome": self.outcome}

    @property
    def text(self) -> str:
        """What asks for it in a charge's description, where a test can add no header."""
        return f"mock-clover:{self.outcome}"


def declines() -> list[Any]:
    """Return all declines as parameters.

    As in `@pytest.mark.parametrize("decline", declines())`.
    """
    from mock_clover.scenario.records import DECLINE_CODES

    return [
        pytest.param(Decline("card_declined", decline_code, message), id=decline_code)
        for decline_code, message in DECLINE_CODES.items()
    ]
