"""`mock-clover export`: export the golden flows to Postman, Bruno and .http files."""

from pathlib import Path

import click

from mock_clover.cli.base import (
    CONTEXT,
    credentials_of,
    examples,
    fail,
    sandbox_option,
    seed_option,
    url_option,
)

_UUID_VARIABLE = {"http": "{{$uuid}}", "postman": "{{$guid}}", "bruno": "{{$guid}}"}


@click.command(
    context_settings=CONTEXT,
    epilog=examples(
        "mock-clover export --format postman -o clover.postman_collection.json",
        "mock-clover export --format bruno -o clover-bruno",
        "mock-clover export --format http -o clover-http --only save-a-card",
    ),
)
@click.option(
    "--format",
    "form",
    required=True,
    type=click.Choice(list(_UUID_VARIABLE)),
    help="Output format.",
)
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path),
    help="Output file for postman (default: stdout), directory for bruno and http.",
)
@click.option("--only", multiple=True, metavar="FLOW", help="Export only this flow; repeatable.")
@url_option
@sandbox_option
@seed_option
def export(
    *, form: str, output: Path | None, only: tuple[str, ...], url: str, sandbox: str, seed: str
) -> None:
    """Export the golden flows as a Postman or Bruno collection or as .http files.

    \b
    postman  Import the file in Postman. URLs and credentials are collection variables.
             Run the requests of a folder in order with Run.
    bruno    In Bruno, choose Open Collection, the directory, and one of the two environments.
    http     One .http file per flow and http-client.env.json, for the HTTP client of
             JetBrains IDEs and for httpYac (VS Code, command line).

    The environment mock-clover has the URLs and credentials of --url, --sandbox and --seed. The
    environment clover-sandbox has Clover's hosts; add your own credentials. Run the flows in a new
    sandbox, because a gift card can be activated only once.
    """  # noqa: D301 - \b keeps click from wrapping lines
    from mock_clover.conformance.collection import (
        as_http,
        folders,
        sandbox_variables,
        variables,
    )
    from mock_clover.conformance.flows import FlowError
    from mock_clover.conformance.tools import as_bruno, as_postman
    from mock_clover.sandbox.clock import Clock

    if output is None and form != "postman":
        raise click.BadParameter("requires a directory", param_hint="--output")
    try:
        selected = folders(only, Clock().now_ms(), _UUID_VARIABLE[form])
    except FlowError as error:
        fail(str(error))
    base = url.rstrip("/") + ("" if sandbox == "default" else f"/sandbox/{sandbox}")
    environments = {
        "mock-clover": variables(base, credentials_of(seed, sandbox)),
        "clover-sandbox": sandbox_variables(),
    }
    if form == "postman":
        _write({output: as_postman(selected, environments)})
        return
    files = (as_http if form == "http" else as_bruno)(selected, environments)
    _write({output / name: text for name, text in files.items()} if output else {})


def _write(files: dict[Path | None, str]) -> None:
    for file, text in files.items():
        if file is None:
            click.echo(text, nl=False)
            continue
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        except OSError as error:
            fail(f"{file}: {error.strerror}")
    written = [file for file in files if file is not None]
    if written:
        click.echo(f"{len(written)} file{'' if len(written) == 1 else 's'} written", err=True)
