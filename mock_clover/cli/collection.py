"""`mock-clover collection`: the golden flows for Postman, Bruno and .http clients."""

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

_FRESH = {"http": "{{$uuid}}", "postman": "{{$guid}}", "bruno": "{{$guid}}"}


@click.command(
    context_settings=CONTEXT,
    epilog=examples(
        "mock-clover collection --format postman -o clover.postman_collection.json",
        "mock-clover collection --format bruno -o clover-bruno",
        "mock-clover collection --format http -o clover-http --only save-a-card",
    ),
)
@click.option(
    "--format",
    "form",
    required=True,
    type=click.Choice(list(_FRESH)),
    help="What to write.",
)
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path),
    help="A file for postman (stdout without it), a folder for the others.",
)
@click.option("--only", multiple=True, metavar="FLOW", help="One flow; may be given again.")
@url_option
@sandbox_option
@seed_option
def collection(
    *, form: str, output: Path | None, only: tuple[str, ...], url: str, sandbox: str, seed: str
) -> None:
    """Write the golden flows as requests of another tool, ready to be run in their order.

    \b
    postman  In Postman: Import, choose the file. Addresses and credentials are the collection's
             variables. Run a folder with Run.
    bruno    In Bruno: Open Collection, choose the folder, and one of its two environments.
    http     One .http file for each flow and http-client.env.json beside them: for the HTTP client
             of JetBrains' editors and for httpYac (VS Code, command line).

    Addresses and credentials are those of a mock-clover (--url, --sandbox, --seed); the environment
    clover-sandbox has Clover's hosts and waits for your own credentials. A gift card is activated
    once: run the flows in a fresh sandbox.
    """  # noqa: D301 - click's mark for lines that stay
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
        raise click.BadParameter("name a folder", param_hint="--output")
    try:
        found = folders(only, Clock().now_ms(), _FRESH[form])
    except FlowError as error:
        fail(str(error))
    base = url.rstrip("/") + ("" if sandbox == "default" else f"/sandbox/{sandbox}")
    environments = {
        "mock-clover": variables(base, credentials_of(seed, sandbox)),
        "clover-sandbox": sandbox_variables(),
    }
    if form == "postman":
        _write({output: as_postman(found, environments)})
        return
    files = (as_http if form == "http" else as_bruno)(found, environments)
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
    named = [file for file in files if file is not None]
    if named:
        click.echo(f"{len(named)} file{'' if len(named) == 1 else 's'} written", err=True)
