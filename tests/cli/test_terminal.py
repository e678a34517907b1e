"""No text of a server or a client controls the terminal or forges a line."""

import ast
import re
from pathlib import Path
from typing import Any

import click
import pytest
from click.shell_completion import ShellComplete

import mock_clover.cli
from mock_clover.cli import base, main
from mock_clover.cli.client import _print_exchange
from mock_clover.core.printable import printable
from mock_clover.reference.fidelity import fidelity
from mock_clover.reference.openapi import problem_rows, route_rows
from mock_clover.scenario.load import builtin_names, load
from mock_clover.testing.report import exchange_line, verification_failure
from tests.command_line import run_cli

HOSTILE = "a\x1b]0;x\x07\r\nFORGED \x9b31m\u202e\x00\x7f"
ESCAPED = r"a\u001b]0;x\u0007\r\nFORGED \u009b31m\u202e\u0000\u007f"
EXCHANGE: dict[str, Any] = {
    "id": 1,
    "method": HOSTILE,
    "path": HOSTILE,
    "status": 404,
    "outcome": "rejected",
    "why": HOSTILE,
    "fault": HOSTILE,
    "idempotency": HOSTILE,
    "ignored": [HOSTILE],
    "request": {HOSTILE: HOSTILE},
    "reply": {HOSTILE: HOSTILE},
}
CLI = Path(mock_clover.cli.__file__).parent


def test_control_characters_are_escaped() -> None:
    assert printable(HOSTILE) == ESCAPED
    assert printable("Grüße, 東京 🙂") == "Grüße, 東京 🙂"


@pytest.mark.parametrize("as_json", [False, True])
def test_a_journal_entry_is_printable(capsys: pytest.CaptureFixture[str], as_json: bool) -> None:
    _print_exchange(EXCHANGE, as_json=as_json)
    lines = capsys.readouterr().out.split("\n")
    assert [line for line in lines if not line.isprintable()] == []
    assert [line for line in lines if line.startswith("FORGED")] == []
    assert len(lines) == (2 if as_json else 5)


def test_tables_and_errors_are_printable(capsys: pytest.CaptureFixture[str]) -> None:
    base.print_table([{"name": HOSTILE}], as_json=False)
    base.print_table([{"name": HOSTILE}], as_json=True)
    with pytest.raises(SystemExit):
        base.exit_with_error(HOSTILE)
    printed = capsys.readouterr()
    assert [line for line in printed.out.split("\n") if not line.isprintable()] == []
    assert [line for line in printed.err.split("\n") if not line.isprintable()] == []
    assert len(printed.out.split("\n")) == 8


def test_the_texts_of_failed_tests_are_printable() -> None:
    result = {
        "message": HOSTILE,
        "nearest": [{"id": 1, "endpoint": HOSTILE, "differs": {HOSTILE: {"was": HOSTILE}}}],
    }
    missed = verification_failure({"endpoint": HOSTILE, "match": {HOSTILE: HOSTILE}}, result)
    lines = [exchange_line(EXCHANGE), *missed.split("\n")]
    assert [line for line in lines if not line.isprintable()] == []
    assert len(lines) == 3


def test_commands_print_through_the_functions_that_escape() -> None:
    """`openapi` prints the bytes of our own document."""
    direct = [
        (file.name, ast.unparse(node))
        for file in sorted(CLI.glob("*.py"))
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("click.echo", "print")
    ]
    assert direct == [
        ("base.py", "click.echo(f'{printable_lines(text)}{end}', nl=False, err=err)"),
        ("tables.py", "click.echo(document())"),
    ]


def test_no_summary_of_a_command_is_cut_off() -> None:
    assert not re.findall(r"^  .*[.]{3}$", run_cli("--help").stdout, re.MULTILINE)


@pytest.mark.parametrize("columns", [80, 100])
def test_tables_fit_a_terminal(columns: int) -> None:
    told = fidelity(load("sandbox"))
    for rows, essential in (
        (route_rows(), ("method", "path", "name", "evidence")),
        (problem_rows(), ("name", "status", "message", "evidence")),
        *((told[kind], ()) for kind in ("behaviours", "differences", "unknown")),
    ):
        lines = base.table_lines(rows, essential, columns)
        assert max(map(len, lines)) <= columns
        assert len(base.table_lines(rows)) == len(rows) + 1


def test_the_help_fits_a_terminal() -> None:
    wide = []
    for name in ("", *main.commands):
        command = main.commands.get(name, main)
        context = click.Context(command, info_name=f"mock-clover {name}", terminal_width=80)
        wide += [line for line in command.get_help(context).split("\n") if len(line) > 80]
    assert wide == []


def test_names_are_completed() -> None:
    shell = ShellComplete(main, {}, "mock-clover", "_MOCK_CLOVER_COMPLETE")
    for words, expected in (
        (["jou"], ["journal"]),
        (["serve", "--scenario", "decl"], ["decl", "declines"]),  # the first: a file
        (["serve", "--scenario", ""], ["./", *builtin_names()]),  # zsh drops an empty text
        (["serve", "--strict", ""], ["docs", "evidence", "all"]),
        (["next", "card_declined/st"], ["card_declined/stolen_card"]),
        (["next", "--endpoint", "create_ref"], ["create_refund"]),
        (["journal", "--endpoint", "create_ch"], ["create_charge", "create_checkout"]),
    ):
        *before, incomplete = words
        told = [each.value for each in shell.get_completions(before, incomplete)]
        assert told == expected
