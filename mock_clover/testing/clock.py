"""A sandbox's clock, as a test holds it."""

from typing import Any, Protocol


class Told(Protocol):
    """A call of the control surface, of one sandbox."""

    def __call__(
        self, method: str, path: str, body: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Make it and return the answer."""


class Clock:
    """It runs forward only; what is due happens, in order, before a call returns."""

    def __init__(self, told: Told) -> None:
        self._told = told

    @property
    def now_ms(self) -> int:
        """The present, in milliseconds since 1970 UTC."""
        return int(self._told("GET", "/_mock/clock")["now_ms"])

    def freeze(self) -> None:
        """Stand still."""
        self._put({"freeze": True})

    def set(self, now_ms: int) -> list[dict[str, Any]]:
        """Go to a time that is to come; return what happened on the way."""
        return self._put({"set": now_ms})

    def advance(self, span: str | int) -> list[dict[str, Any]]:
        """Go on by so much, as `8d`, `90m` or milliseconds; return what happened on the way."""
        return self._put({"advance": span})

    def resume(self) -> None:
        """Run on from where it stands."""
        self._put({"resume": True})

    def _put(self, asked: dict[str, Any]) -> list[dict[str, Any]]:
        told = self._told("PUT", "/_mock/clock", asked)
        fired = list(told["fired"])
        while told.get("more"):
            told = self._told("GET", "/_mock/clock")
            fired += told["fired"]
        return fired
