"""`mock-clover fidelity`: how faithful this mock is, by its own account."""

import json
from typing import Any

import click

from mock_clover.cli.base import CONTEXT, examples, fail, print_table


@click.command(
    context_settings=CONTEXT,
    epilog=examples("mock-clover fidelity", "mock-clover fidelity --json"),
)
@click.option(
    "--scenario",
    default="sandbox",
    show_default=True,
    metavar="NAME|FILE",
    help="Whose cards are counted.",
)
@click.option("--json", "as_json", is_flag=True, help="For machines; every single claim.")
def fidelity(*, scenario: str, as_json: bool) -> None:
    """Tell how much is documented, observed or inferred, what differs, and what is not known.

    docs/fidelity.md is the same as a page.
    """
    from mock_clover.reference.fidelity import fidelity as told
    from mock_clover.scenario.load import load
    from mock_clover.scenario.records import ScenarioError

    try:
        everything = told(load(scenario))
    except ScenarioError as error:
        fail(str(error))
    if as_json:
        click.echo(json.dumps(everything, indent=2, ensure_ascii=False))
        return
    print_table(count_rows(everything), as_json=False)
    for title, rows in (
        ("Behaviours", everything["behaviours"]),
        ("Known differences", everything["differences"]),
        ("Not known of Clover", everything["unknown"]),
    ):
        click.echo(f"\n{title}")
        print_table(rows, as_json=False)


def count_rows(everything: dict[str, Any]) -> list[dict[str, Any]]:
    """Return how many claims of each kind have which mark."""
    counts = everything["counts"].items()
    return [{"kind": kind, **by_mark, "all": sum(by_mark.values())} for kind, by_mark in counts]
