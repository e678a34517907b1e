"""`mock-clover evidence`: print the evidence level of every claim about Clover."""

import json
from typing import Any

import click

from mock_clover.cli.base import (
    CONTEXT,
    echo,
    examples,
    load_scenario,
    print_table,
    scenario_option,
)


@click.command(
    context_settings=CONTEXT,
    epilog=examples("mock-clover evidence", "mock-clover evidence --json"),
)
@scenario_option("Scenario whose cards are counted.", default="sandbox", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print every claim as JSON.")
def evidence(*, scenario: str, as_json: bool) -> None:
    """Print the evidence for every claim about Clover.

    The output is the number of documented, observed and inferred claims, the known differences and
    the open questions. docs/fidelity.md has the same content.
    """
    from mock_clover.reference.fidelity import fidelity

    claims = fidelity(load_scenario(scenario))
    if as_json:
        echo(json.dumps(claims, indent=2, ensure_ascii=False))
        return
    print_table(count_rows(claims), as_json=False)
    for title, rows in (
        ("Behaviours", claims["behaviours"]),
        ("Known differences", claims["differences"]),
        ("Open questions about Clover", claims["unknown"]),
    ):
        echo(f"\n{title}")
        print_table(rows, as_json=False)


def count_rows(claims: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the number of claims by kind and evidence level."""
    counts = claims["counts"].items()
    return [
        {"kind": kind, **by_level, "total": sum(by_level.values())} for kind, by_level in counts
    ]
