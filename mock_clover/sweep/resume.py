"""The file of `--resume`: the finished cells of a sweep, one JSON object a line."""

from pathlib import Path
from typing import Any

import msgspec

from mock_clover.core.record import Record, encode
from mock_clover.sweep.faults import BY_NAME
from mock_clover.sweep.records import Cell, Missed, Options, SweepError

FORMAT = 1


class Header(Record, frozen=True, kw_only=True, omit_defaults=False):
    """The first line: what the cells depend on."""

    mock_clover_sweep: int
    command: tuple[str, ...]
    reconcile: tuple[str, ...]
    timeout_s: float
    seed: str
    settings: dict[str, Any]
    calls: tuple[str, ...]


class Entry(Record, frozen=True, kw_only=True):
    """Another line: one finished cell."""

    cell: Cell | None = None
    missed: Missed | None = None


_HEADER = msgspec.json.Decoder(Header)
_ENTRY = msgspec.json.Decoder(Entry)


class ResumeFile:
    """Reads the cells that an earlier run finished, and adds those of this one."""

    def __init__(self, path: Path, options: Options, calls: tuple[str, ...]) -> None:
        """Open or create the file. Raises SweepError if it belongs to another sweep."""
        self._path = path
        self.done: dict[str, Cell | Missed] = {}
        header = Header(
            mock_clover_sweep=FORMAT,
            command=options.command,
            reconcile=options.reconcile,
            timeout_s=options.timeout_s,
            seed=options.seed,
            settings=options.settings,
            calls=calls,
        )
        try:
            lines = path.read_bytes().splitlines() if path.exists() else []
            self._read(lines, header)
            results = [header, *map(_entry, self.done.values())]
            path.write_bytes(b"".join(encode(each) + b"\n" for each in results))
        except OSError as error:
            raise SweepError(f"--resume {path}: {error.strerror or error}") from None

    def _read(self, lines: list[bytes], header: Header) -> None:
        """Read the finished cells; the last line may be cut off."""
        if not lines:
            return
        try:
            found = _HEADER.decode(lines[0])
        except (msgspec.DecodeError, RecursionError):
            raise SweepError(f"--resume {self._path}: it is not the file of a sweep") from None
        for name in Header.__struct_fields__:
            if getattr(found, name) != getattr(header, name):
                raise SweepError(
                    f"--resume {self._path}: it is of a sweep with another value of {name}; "
                    "remove the file to start again"
                )
        for number, line in enumerate(lines[1:], start=2):
            try:
                entry = _ENTRY.decode(line)
                result = entry.cell or entry.missed
                if result is not None and result.fault not in BY_NAME:
                    raise msgspec.ValidationError(f"unknown fault {result.fault!r}")
            except msgspec.DecodeError:
                if number == len(lines):
                    return
                raise SweepError(f"--resume {self._path}: line {number} is invalid") from None
            if result is not None:
                self.done[result.name] = result

    def add(self, result: Cell | Missed) -> None:
        """Append a finished cell. Raises SweepError."""
        try:
            with self._path.open("ab") as file:
                file.write(encode(_entry(result)) + b"\n")
        except OSError as error:
            raise SweepError(f"--resume {self._path}: {error.strerror or error}") from None


def _entry(result: Cell | Missed) -> Entry:
    return Entry(cell=result) if isinstance(result, Cell) else Entry(missed=result)
