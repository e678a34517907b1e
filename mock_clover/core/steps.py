"""Long operations as generators: each `yield` is a point where the server may do other work."""

from collections.abc import Callable, Generator
from typing import Generic, TypeVar, final

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
U = TypeVar("U")

Steps = Generator[None, None, T]
"""A long operation that returns a T. Between two steps, other requests are handled."""


def finish(steps: Steps[T]) -> T:
    """Run a long operation to its end without a pause."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: T = end.value
            return result


@final
class Work(Generic[T_co]):
    """A long operation that has not started yet.

    Operations of one lane run one after the other, in the order of their requests; a few
    operations without a lane run side by side.
    """

    __slots__ = ("lane", "steps")

    def __init__(self, steps: Steps[T_co], lane: object = None) -> None:
        self.steps = steps
        self.lane = lane

    def then(self, convert: Callable[[Steps[T_co]], Steps[U]]) -> "Work[U]":
        """Return the work whose steps `convert` makes of these."""
        return Work(convert(self.steps), self.lane)
