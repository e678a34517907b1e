"""Decide which runs a sweep makes."""

from collections.abc import Sequence

from mock_clover.sweep.calls import RecordedCall, merge_equivalent
from mock_clover.sweep.faults import FAULTS
from mock_clover.sweep.records import Options, PlannedRun
from mock_clover.sweep.selection import Selection


def plan_cells(calls: Sequence[RecordedCall], options: Options) -> list[PlannedRun]:
    """Return the cells in the order of their calls.

    Equivalent calls are merged, unless all are asked for or one is named.
    """
    is_named = any(selection.is_exact for selection in options.only)
    groups: Sequence[tuple[RecordedCall, tuple[str, ...]]]
    if options.all_calls or is_named:
        groups = [(call, ()) for call in calls]
    else:
        groups = merge_equivalent(calls)
    return [
        PlannedRun(call=call, fault=fault, merged=merged)
        for call, merged in groups
        for fault in _faults_of(call)
        if _is_selected(call, fault, options)
    ]


def _faults_of(call: RecordedCall) -> list[str]:
    return [fault.name for fault in FAULTS if fault.applies_to(call)]


def _is_selected(call: RecordedCall, fault: str, options: Options) -> bool:
    return not options.only or any(
        each.includes(call.operation, call.ordinal, fault) for each in options.only
    )


def unmatched_selections(calls: Sequence[RecordedCall], options: Options) -> list[str]:
    """Return why selections select no cell, as sentences."""
    cells = [(call, fault) for call in calls for fault in _faults_of(call)]
    return [
        f"--only {selection.text} selects no cell; {_available(calls, selection)}"
        for selection in options.only
        if not any(selection.includes(call.operation, call.ordinal, fault) for call, fault in cells)
    ]


def _available(calls: Sequence[RecordedCall], selection: Selection) -> str:
    """Return the faults of the calls that a selection names, or the calls if there are none."""
    named = [call for call in calls if selection.call in ("*", call.name, call.operation)]
    if named:
        faults = dict.fromkeys(fault for call in named for fault in _faults_of(call))
        return f"the faults of {selection.call} are {', '.join(faults)}"
    return f"the calls of the command are {', '.join(call.name for call in calls)}"
