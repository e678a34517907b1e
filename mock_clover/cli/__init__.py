"""The command line. Each command imports what it needs when it runs: `health` must be quick."""

import click

from mock_clover import __version__
from mock_clover.cli.base import CONTEXT, examples
from mock_clover.cli.client import env, health, journal, token
from mock_clover.cli.collection import collection
from mock_clover.cli.conformance import conformance
from mock_clover.cli.fidelity import fidelity
from mock_clover.cli.serve import serve
from mock_clover.cli.tables import cards, check, openapi, problems, routes, scenarios, schema
from mock_clover.cli.trust import trust

COMMANDS = (
    serve,
    trust,
    env,
    token,
    health,
    journal,
    check,
    scenarios,
    schema,
    cards,
    problems,
    routes,
    fidelity,
    conformance,
    collection,
    openapi,
)


@click.group(context_settings=CONTEXT, epilog=examples("mock-clover serve", "mock-clover token"))
@click.version_option(__version__, prog_name="mock-clover")
def main() -> None:
    """Run the Clover payments sandbox on your own machine: stateful, deterministic, offline."""


for command in COMMANDS:
    main.add_command(command)
