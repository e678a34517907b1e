"""Commands that print reference tables: cards, errors, endpoints, scenarios and their schema."""

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from mock_clover.cli.base import (
    CONTEXT,
    complete_scenario,
    echo,
    examples,
    load_scenario,
    print_table,
    scenario_option,
)
from mock_clover.core.counted import counted

if TYPE_CHECKING:
    from mock_clover.scenario.records import Scenario


@click.command(context_settings=CONTEXT, epilog=examples("mock-clover cards --json"))
@scenario_option("Scenario name or YAML file.", default="sandbox", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def cards(*, scenario: str, as_json: bool) -> None:
    """List the test cards of a scenario with their evidence."""
    rows = card_rows(load_scenario(scenario))
    print_table(rows, as_json=as_json, essential=("number", "brand", "outcome", "evidence"))


def card_rows(scenario: "Scenario") -> list[dict[str, Any]]:
    """Return the test cards of a scenario."""
    return [
        {
            "number": card.number,
            "brand": card.brand or "",
            "outcome": card.outcome,
            "evidence": card.evidence,
            "source": card.source or "",
            "note": card.note or "",
            "threeds": card.threeds.label if card.threeds else "",
        }
        for card in scenario.cards
    ]


@click.command(context_settings=CONTEXT, epilog=examples("mock-clover errors --json"))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def errors(*, as_json: bool) -> None:
    """List all API errors with status, message and evidence.

    On a narrow terminal, some columns are left out; a pipe and --json have all.
    """
    from mock_clover.reference.openapi import problem_rows

    essential = ("name", "status", "message", "evidence")
    print_table(problem_rows(), as_json=as_json, essential=essential)


@click.command(context_settings=CONTEXT, epilog=examples("mock-clover routes --json"))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def routes(*, as_json: bool) -> None:
    """List all endpoints with their evidence.

    On a narrow terminal, some columns are left out; a pipe and --json have all.
    """
    from mock_clover.reference.openapi import route_rows

    rows = route_rows()
    if not as_json:
        rows = [{**row, "extension": "extension" if row["extension"] else ""} for row in rows]
    print_table(rows, as_json=as_json, essential=("method", "path", "name", "evidence"))


@click.command(context_settings=CONTEXT, epilog=examples("mock-clover openapi > openapi.json"))
def openapi() -> None:
    """Print the OpenAPI 3.1 document of all endpoints."""
    from mock_clover.reference.openapi import document

    click.echo(document())


@click.command(
    context_settings=CONTEXT,
    epilog=examples("mock-clover check my.yaml", "mock-clover check scenarios/*.yaml"),
)
@click.argument(
    "files", nargs=-1, required=True, metavar="FILE...", shell_complete=complete_scenario
)
def check(*, files: tuple[str, ...]) -> None:
    """Validate scenario files.

    The exit code is 0 if all are valid, 2 if not. Errors are reported as FILE:LINE:COLUMN with
    suggestions. Warnings do not change the exit code.
    """
    from mock_clover.clover.surface import RULE_OPERATIONS
    from mock_clover.scenario.load import load_with_warnings
    from mock_clover.scenario.records import ScenarioError

    has_errors = False
    for file in files:
        try:
            scenario, warnings = load_with_warnings(file, RULE_OPERATIONS)
        except ScenarioError as error:
            has_errors = True
            echo(str(error), err=True)
            continue
        for warning in warnings:
            echo(warning, err=True)
        parts = [counted(len(scenario.cards), "card"), counted(len(scenario.rules), "rule")]
        parts += [counted(len(scenario.faults), "fault")] if scenario.faults else []
        fixtures = [scenario.data, *(merchant.data for merchant in scenario.merchants)]
        rows = sum(fixture.count for fixture in fixtures if fixture is not None)
        parts += [counted(rows, "row")] if rows else []
        parts += [counted(len(scenario.merchants), "merchant")] if scenario.merchants else []
        echo(f"{file}: ok, {', '.join(parts)}")
    if has_errors:
        sys.exit(2)


@click.command(
    context_settings=CONTEXT,
    epilog=examples("mock-clover scenarios --json", "mock-clover serve --scenario declines"),
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def scenarios(*, as_json: bool) -> None:
    """List the built-in scenarios."""
    from mock_clover.scenario.load import builtin_names, load

    rows = [{"name": name, "about": load(name).about} for name in builtin_names()]
    print_table(rows, as_json=as_json)


@click.command(
    context_settings=CONTEXT,
    epilog=examples(
        "mock-clover schema scenario > scenario.schema.json",
        "mock-clover schema capsule > capsule.schema.json",
    ),
)
@click.argument("file_type", type=click.Choice(["scenario", "capsule"]))
def schema(*, file_type: str) -> None:
    """Print the JSON Schema of scenario files or of capsules.

    Editors check a scenario with it.
    First line of a scenario: # yaml-language-server: $schema=scenario.schema.json
    """
    from mock_clover.conformance.replay.file import capsule_schema

    is_capsule = file_type == "capsule"
    generated = capsule_schema() if is_capsule else _scenario_schema()
    about = "The behaviour of a sandbox: settings, cards, rules, faults and data."
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"mock-clover {file_type}",
        "description": "A run of a sandbox, for `mock-clover replay`." if is_capsule else about,
        **generated,
    }
    echo(json.dumps(_sort_alternatives(document), indent=2, ensure_ascii=False))


def _scenario_schema() -> dict[str, Any]:
    import msgspec

    from mock_clover.clover.common.problems import SELECTABLE_ERRORS
    from mock_clover.clover.surface import OPERATIONS, RULE_OPERATIONS
    from mock_clover.scenario.load import builtin_names
    from mock_clover.scenario.records import ScenarioFile
    from mock_clover.scenario.records_card import DECLINE_CODES

    generated: dict[str, Any] = msgspec.json.schema(ScenarioFile)
    records = {name: each["properties"] for name, each in generated["$defs"].items()}
    for member, names in (
        (records["Condition"]["endpoint"], RULE_OPERATIONS),
        (records["Fault"]["endpoint"], OPERATIONS),
        (records["Action"]["problem"], list(SELECTABLE_ERRORS)),
        (records["Fault"]["problem"], list(SELECTABLE_ERRORS)),
    ):
        next(each for each in member["anyOf"] if each.get("type") == "string")["enum"] = names
    for record in ("DeclineAction", "TestCard"):
        records[record]["decline_code"]["examples"] = list(DECLINE_CODES)
    records["ScenarioFile"]["extends"]["examples"] = builtin_names()
    return generated


def _sort_alternatives(node: Any) -> Any:
    """Sort each `anyOf`, null last, because its order differs between versions of msgspec."""
    if isinstance(node, list):
        return [_sort_alternatives(each) for each in node]
    if not isinstance(node, dict):
        return node
    result = {name: _sort_alternatives(each) for name, each in node.items()}
    if "anyOf" in result:
        result["anyOf"].sort(key=lambda each: (each.get("type") == "null", json.dumps(each)))
    return result
