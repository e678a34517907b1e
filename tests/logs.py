"""A log that a test reads back."""

from pathlib import Path
from typing import Self

from mock_clover.server.log import ExchangeLog


class LogFile:
    """A log in the text format in a file, closed at the end of its context."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._sink = file.open("w")
        self.log = ExchangeLog(self._sink, "text")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._sink.close()

    def lines(self) -> list[str]:
        """Return the messages without their dates, and without the exchanges."""
        self.log.flush()
        lines = (line.partition(" ")[2] for line in self._file.read_text().splitlines())
        return [line for line in lines if not line.startswith(("GET ", "POST "))]
