"""What `mock-clover serve` prints when it listens: addresses, scenario and credentials."""

from typing import TYPE_CHECKING

from mock_clover import __version__
from mock_clover.cli.base import as_shell, variables_of
from mock_clover.cli.tls import HttpsListener

if TYPE_CHECKING:
    from mock_clover.sandbox.credentials import Credentials


def banner(
    host: str,
    address: str,
    port: int,
    https: HttpsListener | None,
    scenario: str,
    credentials: "Credentials | None",
    *,
    dashboard: bool,
) -> str:
    """Return the lines; without credentials, those of a replica."""
    shown_host = f"[{host}]" if ":" in host else host
    lines = [f"mock-clover {__version__} listening on http://{shown_host}:{port}"]
    if https:
        lines[0] += f" and https://{shown_host}:{https.port}"
    if host not in ("127.0.0.1", "localhost", "::1"):
        lines.append(
            "  Warning: reachable from the network; anyone who can connect can use this server."
        )
    lines.append(f"  Scenario: {scenario}. This is a mock; no money moves. Press Ctrl-C to stop.")
    # A server on :: does not accept IPv4 connections.
    any_address = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - compared only
    local_host = any_address.get(address, shown_host)
    local_url = f"http://{local_host}:{port}"
    lines += [f"  {hint}" for hint in (https.banner_lines() if https else ())]
    if credentials is None:
        return "\n".join((*lines, f"  Replica: use {local_url}/sandbox/<name>/."))
    if dashboard:
        lines.append(f"  Dashboard: {local_url}/_mock/")
    lines += [f"  {line}" for line in as_shell(variables_of(local_url, credentials))]
    return "\n".join(lines)
