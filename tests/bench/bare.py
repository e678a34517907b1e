"""The baseline: a minimal server that can answer a charge, on the same uvicorn and loop.

It decodes the request, stores a record and sends a response of the same shape and size. It has no
routing, authentication, validation, idempotency keys, journal or log. It is a program that imports
nothing of the benchmark, because its idle memory is compared too.
"""

import argparse
import socket
import time
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
import uvicorn


class Order(msgspec.Struct, gc=False):
    """The request of a create."""

    amount: int
    currency: str
    source: str


class Outcome(msgspec.Struct, gc=False):
    """The result of the network."""

    network_status: str = "approved_by_network"
    type: str = "authorized"


class Source(msgspec.Struct, gc=False):
    """The card that was charged."""

    id: str
    brand: str = "VISA"
    exp_month: str = "12"
    exp_year: str = "2030"
    first6: str = "424242"
    last4: str = "4242"


class Charge(msgspec.Struct, gc=False):
    """A charge with the keys of Clover's response, in its order."""

    id: str
    amount: int
    payment_method_details: str
    amount_refunded: int
    currency: str
    created: int
    captured: bool
    ref_num: str
    auth_code: str
    outcome: Outcome
    paid: bool
    status: str
    source: Source
    ecomind: str


CHARGES: dict[str, Charge] = {}
_numbers = count()
_outcome = Outcome()
_source = Source("clv_1TSTS6mpb4FHAoLqPM9vUC66")
_decode = msgspec.json.Decoder(Order).decode
_encode = msgspec.json.Encoder().encode
_PREFIX = len("/v1/charges/")


def _create(body: bytes) -> Charge:
    order = _decode(body)
    charge = Charge(
        f"{next(_numbers):013d}",
        order.amount,
        "card",
        0,
        order.currency.upper(),
        time.time_ns() // 1_000_000,
        True,
        "514700500080",
        "OK8320",
        _outcome,
        True,
        "succeeded",
        _source,
        "ecom",
    )
    CHARGES[charge.id] = charge
    return charge


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Create a charge on POST, read one on anything else."""
    if scope["method"] == "POST":
        message = await receive()
        body = message["body"]
        while message["more_body"]:
            message = await receive()
            body += message["body"]
        charge = _create(body)
    else:
        charge = CHARGES[scope["path"][_PREFIX:]]
    reply = _encode(charge)
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(reply)),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": reply})


def main() -> None:
    """Serve on loopback and write the port once it is bound."""
    options = argparse.ArgumentParser()
    options.add_argument("--port", type=int, default=0)
    options.add_argument("--port-file", type=Path, required=True)
    requested = options.parse_args()
    listener = socket.create_server(("127.0.0.1", requested.port), backlog=2048)
    requested.port_file.write_text(str(listener.getsockname()[1]))
    # Keep equal to mock_clover/server/serve.py, or the comparison is of flags.
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=65,
        timeout_graceful_shutdown=1,
    )
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
