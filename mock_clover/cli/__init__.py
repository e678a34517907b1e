"""The command line. Commands import their dependencies lazily: `health` must start quickly."""

import click

from mock_clover import __version__
from mock_clover.cli.audit import audit
from mock_clover.cli.base import CONTEXT, examples
from mock_clover.cli.client import env, health, journal, token
from mock_clover.cli.conformance import conformance
from mock_clover.cli.evidence import evidence
from mock_clover.cli.mcp import mcp
from mock_clover.cli.next import next_outcome
from mock_clover.cli.replay import replay
from mock_clover.cli.serve import serve
from mock_clover.cli.sweep import sweep
from mock_clover.cli.tables import cards, check, errors, openapi, routes, scenarios, schema
from mock_clover.cli.tls_setup import tls_setup

COMMANDS = (
    serve,
    tls_setup,
    env,
    token,
    next_outcome,
    health,
    journal,
    mcp,
    audit,
    replay,
    check,
    scenarios,
    schema,
    cards,
    errors,
    routes,
    evidence,
    sweep,
    conformance,
    openapi,
)


@click.group(
    context_settings=CONTEXT,
    help="A local mock of the Clover payments sandbox: stateful, deterministic, offline.",
    epilog=examples(
        "mock-clover serve",
        "mock-clover token",
        'eval "$(_MOCK_CLOVER_COMPLETE=bash_source mock-clover)"   # or zsh_source',
    ),
)
@click.version_option(__version__, prog_name="mock-clover")
def main() -> None:
    """Run a command."""


for command in COMMANDS:
    main.add_command(command)
