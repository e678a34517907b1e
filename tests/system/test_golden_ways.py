"""The golden flows through the Starlette application and through the HTTP parser."""

from pathlib import Path

import pytest

from mock_clover.reference.flows import parse_examples
from tests.conformance.test_golden import FILES, Way, server_of, shown
from tests.in_process import MakeServer
from tests.ways import through_starlette, through_the_parser


def on_the_wire(reply: str) -> str:
    """Return a recorded reply with header names in lower case and the reason in ASCII."""
    head, blank, body = reply.partition("\n\n")
    lines = [line.partition(": ") for line in head.split("\n")]
    head = "\n".join(name.lower() + colon + value for name, colon, value in lines)
    return head.encode("ascii", "replace").decode() + blank + body


@pytest.mark.parametrize("way", [through_starlette, through_the_parser])
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_way_to_the_core_gets_the_same_replies(
    file: Path, way: Way, make_server: MakeServer
) -> None:
    server = server_of(file, make_server)
    for example in parse_examples(file.read_text()):
        assert shown(server, example, way) == on_the_wire(example.reply), example.title
