"""The address that a server listens on, without a socket of the machine."""

import errno
import socket
from typing import Any

import pytest

from mock_clover.server.serve import BindError, bind, bind_ipv6_loopback

V4, V6 = socket.AF_INET, socket.AF_INET6
NONE = {V4: OSError(errno.EADDRNOTAVAIL, "no IPv4 here")}
NO_NAME = {V4: socket.gaierror(socket.EAI_NONAME, "no such name")}
IN_USE = {V4: OSError(errno.EADDRINUSE, "in use")}


@pytest.mark.parametrize(
    ("host", "errors", "expected"),
    [
        ("127.0.0.1", {}, [V4]),
        ("localhost", {}, [V4]),
        ("::1", {}, [V6]),
        ("localhost", NONE, [V4, V6]),
        ("localhost", NO_NAME, [V4, V6]),
        ("127.0.0.1", NONE, [V4, "no IPv4 here"]),
        ("localhost", IN_USE, [V4, "in use"]),
        ("::", {V6: IN_USE[V4]}, [V6, "in use"]),
        ("localhost", NONE | {V6: OSError(1, "x")}, [V4, V6, "no IPv4 here"]),
        ("no.such", NO_NAME | {V6: NO_NAME[V4]}, [V4, V6, "no such name"]),
    ],
)
def test_a_name_gets_an_ipv6_address_if_there_is_no_other(
    host: str, errors: dict[Any, OSError], expected: list[Any]
) -> None:
    told: list[Any] = []

    def create(_: object, family: int, **_more: object) -> socket.socket:
        told.append(family)
        if family in errors:
            raise errors[family]
        return socket.socket(family)

    try:
        bind(host, 0, create).close()
    except BindError as error:
        told.append(str(error).removeprefix(f"cannot listen on {host} port 0: "))
    assert told == expected


def test_another_program_on_the_ipv6_loopback_is_reported() -> None:
    """Clients of `localhost` may reach it instead of this server."""
    with bind("127.0.0.1", 0) as listener:
        port, told = listener.getsockname()[1], list[str]()
        (own,) = bind_ipv6_loopback("127.0.0.1", listener, told.append)
        with own:
            assert told == []
            assert bind_ipv6_loopback("127.0.0.1", listener, told.append) == []
    assert [text.startswith(f"another program listens on [::1]:{port}") for text in told] == [True]
    assert f"use http://127.0.0.1:{port}" in told[0]
