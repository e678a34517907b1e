"""Parse the cells that `--only` names: `create_charge#1:drop:after_commit`."""

import re

from mock_clover.core.record import Value
from mock_clover.core.suggestions import did_you_mean
from mock_clover.sweep.faults import FAULT_NAMES

_FORM = "expected CALL:FAULT, for example create_charge#1:drop:after_commit"
_CALL = re.compile(r"(?P<operation>[a-z][a-z0-9_]{0,80}|\*)(?:#(?P<ordinal>[1-9][0-9]{0,5}))?")


class SelectionError(ValueError):
    """A text is not a selection of cells."""


class Selection(Value, frozen=True, kw_only=True):
    """The cells that one `--only` selects."""

    text: str
    """As it was given."""
    operation: str
    """`*` for all operations."""
    ordinal: int | None
    faults: frozenset[str]

    def includes(self, operation: str, ordinal: int, fault: str) -> bool:
        """Return whether a cell is selected."""
        return (
            self.operation in ("*", operation)
            and self.ordinal in (None, ordinal)
            and fault in self.faults
        )

    @property
    def call(self) -> str:
        """The call or the operation, as it was given."""
        return self.text.partition(":")[0]

    @property
    def is_exact(self) -> bool:
        """Whether it names one call."""
        return self.ordinal is not None


def parse_selection(text: str) -> Selection:
    """Parse one `--only`. A fault may be shortened to its first part. Raises SelectionError."""
    call, colon, fault = text.partition(":")
    matched = _CALL.fullmatch(call)
    if not colon or matched is None:
        raise SelectionError(f"{text!r}: {_FORM}")
    faults = frozenset(
        name for name in FAULT_NAMES if fault in ("*", name) or name.partition(":")[0] == fault
    )
    if not faults:
        short = [name.partition(":")[0] for name in FAULT_NAMES]
        hint = did_you_mean(fault, [*FAULT_NAMES, *short])
        hint = hint or f"; the faults are {', '.join(FAULT_NAMES)}"
        raise SelectionError(f"{text!r}: there is no fault {fault!r}{hint}")
    ordinal = matched["ordinal"]
    return Selection(
        text=text,
        operation=matched["operation"],
        ordinal=int(ordinal) if ordinal else None,
        faults=faults,
    )
