"""The command that serves coding agents: tools of the Model Context Protocol over stdio."""

import click

from mock_clover.cli.base import (
    CONTEXT,
    client_url_option,
    control_token_option,
    examples,
    exit_with_error,
    sandbox_address,
    sandbox_option,
)

_INSTALL = "the command mcp requires the package mcp, 2.0 or newer: pip install 'mock-clover[mcp]'"


@click.command(
    "mcp",
    context_settings=CONTEXT,
    epilog=examples(
        "mock-clover serve                       # in another terminal",
        "mock-clover mcp                         # started by a coding agent",
        "mock-clover mcp --url http://clover:4242 --sandbox agent",
    ),
)
@client_url_option
@sandbox_option
@control_token_option
def mcp(*, url: str, sandbox: str, control_token: str | None) -> None:
    """Serve tools for coding agents (MCP, stdio).

    The tools call the control API of a running server: create a sandbox, explain a request, arm an
    outcome, set the clock, read the journal, verify requests. --sandbox is the sandbox of a tool
    call that names none.
    """
    try:
        from mock_clover.cli.mcp_server import run
    except ImportError as error:
        if str(error.name).startswith("mock_clover"):
            raise
        exit_with_error(_INSTALL)
    root, sandbox, _ = sandbox_address(url, sandbox)
    run(root, sandbox, control_token)
