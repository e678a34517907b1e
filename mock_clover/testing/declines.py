"""All declines that a test can trigger, for `pytest.mark.parametrize` or `subTest`."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Decline:
    """A decline: how to trigger it, and what the client receives."""

    code: str
    decline_code: str
    message: str

    @property
    def __name__(self) -> str:
        """The decline code: pytest uses this attribute of a parameter as its id."""
        return self.decline_code

    @property
    def outcome(self) -> str:
        """The value of the `x-mock-clover-outcome` header that triggers it."""
        return f"{self.code}/{self.decline_code}"

    @property
    def headers(self) -> dict[str, str]:
        """The request header that triggers it."""
        return {"x-mock-clover-outcome": self.outcome}

    @property
    def text(self) -> str:
        """Text that triggers it in a charge's description, for clients that cannot set headers."""
        return f"mock-clover:{self.outcome}"


def declines() -> list[Decline]:
    """Return all declines.

    Example: `@pytest.mark.parametrize("decline", declines())`.
    """
    from mock_clover.scenario.records_card import DECLINE_CODES

    return [
        Decline(code="card_declined", decline_code=code, message=message)
        for code, message in DECLINE_CODES.items()
    ]
