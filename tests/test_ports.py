"""Ports that the documents publish are bound to loopback."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]


def members(value: Any, key: str) -> Iterator[Any]:
    """Return each value of a key at any depth."""
    if isinstance(value, dict):
        yield from (each for name, each in value.items() if name == key)
    for inner in value.values() if isinstance(value, dict) else value:
        if isinstance(inner, (dict, list)):
            yield from members(inner, key)


def open_ports(text: str) -> list[str]:
    """Return the port mappings of a text that are not bound to 127.0.0.1."""
    found = re.findall(r"(?:\s-p|--publish)[ =]?[\"']?([\d.:\[\]-]*\d)\b", text)
    for block in re.findall(r"^```ya?ml\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        for ports in members(list(yaml.safe_load_all(block)), "ports"):
            for each in ports:
                if not isinstance(each, dict):
                    found.append(str(each))
                elif "published" in each:
                    found.append(f"{each.get('host_ip', '')}:{each['published']}")
    return [each for each in found if not each.startswith("127.0.0.1:")]


def test_no_document_publishes_a_port_to_the_network() -> None:
    """A client that can connect to a server can control it and make it send webhooks."""
    files = [ROOT / "README.md", ROOT / "Dockerfile", *sorted((ROOT / "docs").rglob("*.md"))]
    found = {str(file.relative_to(ROOT)): open_ports(file.read_text("utf-8")) for file in files}
    assert {file: ports for file, ports in found.items() if ports} == {}


YAML = "```yaml\nservices:\n  clover:\n    ports:{}\n```\n"
PORTS = {
    "docker run -p 4242:4242 mock-clover": ["4242:4242"],
    "docker run -p 0.0.0.0:4242:4242 mock-clover": ["0.0.0.0:4242:4242"],
    "docker run --publish=4242 mock-clover": ["4242"],
    "docker run -p127.0.0.1:4242:4242 -p '443:443' x": ["443:443"],
    YAML.format(' ["4242:4242"]'): ["4242:4242"],
    YAML.format("\n      - 4242"): ["4242"],
    YAML.format("\n      - {target: 4242, published: 4242}"): [":4242"],
    YAML.format("\n      - {target: 4242, published: 1, host_ip: 127.0.0.1}"): [],
    YAML.format(' ["127.0.0.1:4242:4242"]'): [],
    "```yaml\nports: [{name: http, containerPort: 4242}]\n```\n": [],
    "docker run -p 127.0.0.1:4242:4242 mock-clover": [],
    "mkdir -p certs; pytest -p xdist; mock-clover serve --port 4242": [],
}


@pytest.mark.parametrize("text", PORTS)
def test_a_port_that_is_open_to_the_network_is_reported(text: str) -> None:
    assert open_ports(text) == PORTS[text]
