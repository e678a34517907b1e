"""How much to measure: rounds and counts, and where progress is told.

Figures ask for full counts; a quick plan shrinks them, to see that the harness works.
"""

import sys
from dataclasses import dataclass

CONNECTIONS = 32
"""Keep-alive connections of the closed-loop client: enough that the server never waits for it."""


class SkippedError(Exception):
    """A figure that cannot be measured here; its words say why."""


@dataclass(frozen=True)
class Plan:
    """What one run of the benchmark asks of each figure."""

    rounds: int
    quick: bool = False

    def count(self, full: int) -> int:
        """Give the number of requests for `full`: a fiftieth, but not below 200, when quick."""
        return max(full // 50, 200) if self.quick else full

    def seconds(self, full: int) -> int:
        """Give the whole seconds for `full`, one when quick."""
        return 1 if self.quick else full

    def at_least(self, rounds: int) -> int:
        """Give the rounds of a figure whose single measures are too short for few of them."""
        return self.rounds if self.quick else max(self.rounds, rounds)


def say(words: str) -> None:
    """Tell progress on stderr; stdout is for the table."""
    print(words, file=sys.stderr, flush=True)
