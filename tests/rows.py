"""Run the rows of a parametrized test as one test, in a run of all fast tests.

A test of its own costs a millisecond, more than most rows. Each row has fixtures of its own, like a
test. A row that fails is named with its command, and a run that selects tests (`pytest -k`, or
`file::test`) runs each row as a test. `merged` leaves a test as it is if its fixtures need pytest:
to clean up after each row, for example.
"""

import functools
import inspect
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import pytest

from tests.behaviour_tests import exercised_by

Row = dict[str, Any]
Step = tuple[str, Callable[..., Any], tuple[str, ...]]
"""A fixture: its name, its function and the names of its arguments."""
SHARED = ("session", "package", "module")
FAILURES = (Exception, pytest.fail.Exception, pytest.skip.Exception)
"""A row that skips fails: the other rows would be skipped with it."""


def selects_tests(config: pytest.Config) -> bool:
    """Return whether the command line selects tests, not only files and markers."""
    return bool(config.option.keyword) or any("::" in arg for arg in config.args)


def merged(
    module: pytest.Module, name: str, function: Callable[..., Any]
) -> pytest.Function | None:
    """Return one test for all rows of a parametrized test, or None to leave it as it is."""
    marks = getattr(function, "pytestmark", ())
    tables = [_table(mark) for mark in marks if mark.name == "parametrize"]
    if not tables or not all(tables):
        return None
    rows = [dict(zip(names, values, strict=True)) for names, values in _product(tables)]
    arguments = [each for each in inspect.signature(function).parameters if each not in rows[0]]
    shared: list[str] = []
    steps: list[Step] = []
    if not all(_plan(each, module, set(rows[0]), shared, steps) for each in arguments):
        return None

    @functools.wraps(function)
    def run_rows(**fixtures: Any) -> None:
        failed: dict[int, BaseException] = {}
        for number, row in enumerate(rows):
            values = fixtures | row
            try:
                for fixture, make, needed in steps:
                    values[fixture] = make(**{each: values[each] for each in needed})
                with exercised_by(module.path, name):
                    function(**{each: values[each] for each in (*row, *arguments)})
            except FAILURES as error:
                failed[number] = error
        if failed:
            message = _message(module, name, function, failed, len(rows))
            raise AssertionError(message) from next(iter(failed.values()))

    parameters = [inspect.Parameter(each, inspect.Parameter.KEYWORD_ONLY) for each in shared]
    others = [mark for mark in marks if mark.name != "parametrize"]
    vars(run_rows).update(__signature__=inspect.Signature(parameters), pytestmark=others)
    return pytest.Function.from_parent(module, name=name, callobj=run_rows)


def _table(mark: pytest.Mark) -> tuple[list[str], list[tuple[Any, ...]]] | None:
    """Return the names and the values of a mark; None if it has marks or other options."""
    names, table = mark.args
    if set(mark.kwargs) - {"ids"} or not table or isinstance(table, Iterator):
        return None
    names = [each.strip() for each in names.split(",")] if isinstance(names, str) else list(names)
    rows = []
    for row in table:
        if hasattr(row, "marks"):  # pytest.param
            if row.marks:
                return None
            rows.append(row.values)
        else:
            rows.append(tuple(row) if len(names) > 1 else (row,))
    return names, rows


def _product(
    tables: list[tuple[list[str], list[tuple[Any, ...]]]],
) -> Iterator[tuple[list[str], tuple[Any, ...]]]:
    """Combine the rows of several marks, in the order of pytest."""
    names = [each for columns, _ in tables for each in columns]
    for rows in product(*(rows for _, rows in tables)):
        yield names, tuple(value for row in rows for value in row)


def _plan(
    name: str, module: pytest.Module, row: set[str], shared: list[str], steps: list[Step]
) -> bool:
    """Add a fixture to those that all rows share, or the steps that make it for a row to `steps`.

    Return whether that is possible without pytest.
    """
    if name in row or name in shared or any(name == step[0] for step in steps):
        return True
    definitions = module.session._fixturemanager.getfixturedefs(name, module)
    if not definitions or definitions[-1].params is not None:
        return False
    fixture = definitions[-1]
    if fixture.scope in SHARED:
        shared.append(name)
        return True
    if name in fixture.argnames or inspect.isgeneratorfunction(fixture.func):
        return False
    if not all(_plan(each, module, row, shared, steps) for each in fixture.argnames):
        return False
    steps.append((name, fixture.func, fixture.argnames))
    return True


def _message(
    module: pytest.Module,
    name: str,
    function: Callable[..., Any],
    failed: dict[int, BaseException],
    count: int,
) -> str:
    """Return the message that names the rows that failed, with the command of each."""
    ids = [item.nodeid for item in module._genfunctions(name, function)]
    lines = [f"{len(failed)} of {count} rows fail; the first is shown above"]
    for number, error in failed.items():
        lines += [f".venv/bin/pytest '{ids[number]}'", f"    {type(error).__name__}: {error}"[:300]]
    return "\n".join(lines)
