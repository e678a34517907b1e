"""How much to measure: rounds and counts; and progress messages.

Figures ask for full counts; a quick plan reduces them, as a smoke test of the harness.
"""

import sys
from dataclasses import dataclass

CONNECTIONS = 32
"""Keep-alive connections of the closed-loop client: enough that the server never waits for it."""


class SkippedError(Exception):
    """A figure that cannot be measured here; the message says why."""


@dataclass(frozen=True)
class Plan:
    """The sizes of one run of the benchmark."""

    rounds: int
    quick: bool = False

    def count(self, full: int) -> int:
        """Return the number of requests for `full`; if quick, a fiftieth, but at least 200."""
        return max(full // 50, 200) if self.quick else full

    def seconds(self, full: int) -> int:
        """Return the whole seconds for `full`; if quick, one."""
        return 1 if self.quick else full

    def at_least(self, rounds: int) -> int:
        """Return the number of rounds of a figure whose single measurements are very short."""
        return self.rounds if self.quick else max(self.rounds, rounds)


def say(words: str) -> None:
    """Print progress to stderr; stdout is for the table."""
    print(words, file=sys.stderr, flush=True)
