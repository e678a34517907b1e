"""The sandboxes of a server: created, listed, selected by credential and deleted."""

import json
from typing import Any

import msgspec
import pytest

from mock_clover.sandbox.credentials import derive_credentials
from tests.control.calls import ROOT, got, root
from tests.in_process import DECLINED_CARD, SEED, VISA, InProcessServer, MakeServer


def sandbox(name: str, scenario: str = "sandbox") -> dict[str, str]:
    """Return the expected response of a sandbox, derived from seed and name."""
    credentials = derive_credentials(SEED, name)
    return {
        "name": name,
        "base_url": ROOT if name == "default" else f"{ROOT}/sandbox/{name}",
        "scenario": scenario,
        "merchant_id": credentials.merchant_id,
        "client_id": credentials.client_id,
        "client_secret": credentials.client_secret,
        "access_token": credentials.access_token,
        "api_key": credentials.api_key,
    }


NAMES = ["t1", "a", "A.b-c_d", "0", "x" * 64, "gw0"]


@pytest.mark.parametrize("name", NAMES)
def test_create_get_and_delete_sandbox(server: InProcessServer, name: str) -> None:
    path = f"/_mock/sandboxes/{name}"
    absent = (
        404,
        {"message": f"sandbox {name!r} not found; create it with PUT /_mock/sandboxes/{name}"},
    )
    assert got(root(server, "GET", path)) == absent
    assert got(root(server, "PUT", path)) == (200, sandbox(name))
    assert got(root(server, "GET", path)) == (200, sandbox(name))
    assert got(root(server, "DELETE", path)) == (200, {"dropped": name})
    assert got(root(server, "GET", path)) == absent
    assert got(root(server, "DELETE", path)) == absent


def test_sandboxes_are_listed_in_order_of_creation(server: InProcessServer) -> None:
    for name in ("b", "a", "c"):
        root(server, "PUT", f"/_mock/sandboxes/{name}")
    root(server, "DELETE", "/_mock/sandboxes/a")
    listed = [sandbox(name) for name in ("default", "b", "c")]
    assert got(root(server, "GET", "/_mock/sandboxes")) == (200, {"data": listed})


def test_activity_of_sandboxes(server: InProcessServer) -> None:
    declined = {"amount": 1, "currency": "usd", "source": server.token(DECLINED_CARD)}
    server.send("POST", "/v1/charges", declined)
    server.send("GET", "/v1/charges/NOSUCHCHARGE1")
    root(server, "PUT", "/_mock/sandboxes/b")
    answer = got(root(server, "GET", "/_mock/activity"))[1]
    made_ms = answer["machine_ms"]  # the clock of the tests stands still
    default, empty = answer["data"]
    assert default | {"created_ms": 0, "last_ms": 0} == {
        "name": "default",
        "scenario": "sandbox",
        "created_ms": 0,
        "last_ms": 0,
        "requests": 3,
        "outcomes": {"ok": 1, "declined": 1, "rejected": 1},
    }
    assert default["created_ms"] <= default["last_ms"] <= made_ms
    assert empty | {"created_ms": 0} == {
        "name": "b",
        "scenario": "sandbox",
        "created_ms": 0,
        "last_ms": None,
        "requests": 0,
        "outcomes": {},
    }


def test_the_default_sandbox_is_made_anew_when_it_is_dropped(server: InProcessServer) -> None:
    server.charge()
    assert got(root(server, "DELETE", "/_mock/sandboxes/default")) == (200, {"dropped": "default"})
    assert got(root(server, "GET", "/_mock/sandboxes/default")) == (200, sandbox("default"))
    assert list(server.sandboxes.default.charges) == []


def test_a_sandbox_that_is_made_again_is_empty(server: InProcessServer) -> None:
    bearer = f"Bearer {derive_credentials(SEED, 'x').access_token}"
    card = {"card": {"number": VISA, "exp_month": "12", "exp_year": "2035", "cvv": "123"}}
    tokens = []
    for _ in range(2):
        root(server, "PUT", "/_mock/sandboxes/x")
        key = derive_credentials(SEED, "x").api_key
        created = root(server, "POST", "/v1/tokens", card, apikey=key)
        tokens.append(json.loads(created.body)["id"])
        source = {"amount": 1, "currency": "usd", "source": tokens[-1]}
        assert root(server, "POST", "/v1/charges", source, authorization=bearer).status == 200
        listed = json.loads(root(server, "GET", "/v1/charges", authorization=bearer).body)
        assert len(listed["data"]) == 1
    assert tokens[0] == tokens[1]  # one seed, one flow, one id


@pytest.mark.parametrize(
    ("requested", "scenario"),
    [
        ({}, "sandbox"),
        ({"scenario": "declines"}, "declines"),
        ({"dialect": "documented"}, "sandbox"),
        ({"seed": "other"}, "sandbox"),
        ({"scenario": "card-on-file", "dialect": "observed", "seed": "1"}, "card-on-file"),
        ({"strict": True, "listed_cards_only": True}, "sandbox"),
    ],
)
def test_sandbox_options(server: InProcessServer, requested: dict[str, Any], scenario: str) -> None:
    """Its credentials are derived from the server's seed, never from its own."""
    created = got(root(server, "PUT", "/_mock/sandboxes/x", requested))
    assert created == (200, sandbox("x", scenario))


def test_new_sandbox_takes_any_setting(server: InProcessServer) -> None:
    body = {"rate_limits": True, "void_type": "VOID"}
    assert root(server, "PUT", "/_mock/sandboxes/set", body).status == 200
    settings = server.sandboxes.get_or_create("set").settings
    assert settings == msgspec.structs.replace(server.sandbox.settings, **body)
    status, refused = got(root(server, "PUT", "/_mock/sandboxes/set", {"void_typ": "VOID"}))
    assert (status, "did you mean" in refused["message"]) == (400, True), refused


def test_its_dialect_is_its_own(server: InProcessServer) -> None:
    bodies = {}
    for dialect in ("observed", "documented"):
        root(server, "PUT", f"/_mock/sandboxes/{dialect}", {"dialect": dialect})
        bearer = f"Bearer {derive_credentials(SEED, dialect).access_token}"
        reply = root(server, "POST", "/v1/charges", {}, authorization=bearer)
        bodies[dialect] = json.loads(reply.body)["error"]
    assert "doc_url" not in bodies["observed"]
    assert "doc_url" in bodies["documented"]


def test_ids_are_derived_from_seed(server: InProcessServer) -> None:
    ids = []
    for seed in ("one", "one", "two"):
        root(server, "PUT", "/_mock/sandboxes/x", {"seed": seed})
        ids.append(server.sandboxes.get_or_create("x").ids.object_id())
    assert ids[0] == ids[1] != ids[2]


def test_credential_selects_sandbox_at_root(server: InProcessServer) -> None:
    for name in ("a", "b"):
        root(server, "PUT", f"/_mock/sandboxes/{name}")
    card = {"card": {"number": VISA, "exp_month": "12", "exp_year": "2035", "cvv": "123"}}
    for name, amounts in (("a", (1, 2)), ("b", (3,))):
        credentials = derive_credentials(SEED, name)
        for amount in amounts:
            created = root(server, "POST", "/v1/tokens", card, apikey=credentials.api_key)
            body = {
                "amount": amount,
                "currency": "usd",
                "source": json.loads(created.body)["id"],
            }
            bearer = f"Bearer {credentials.access_token}"
            assert root(server, "POST", "/v1/charges", body, authorization=bearer).status == 200
    seen = {}
    for name in ("a", "b", "default"):
        bearer = f"Bearer {derive_credentials(SEED, name).access_token}"
        for path in ("/v1/charges", f"/sandbox/{name}/v1/charges"):
            listed = json.loads(root(server, "GET", path, authorization=bearer).body)["data"]
            seen[name, path[:9]] = [row["amount"] for row in listed]
    assert seen == {
        ("a", "/v1/charg"): [2, 1],
        ("a", "/sandbox/"): [2, 1],
        ("b", "/v1/charg"): [3],
        ("b", "/sandbox/"): [3],
        ("default", "/v1/charg"): [],
        ("default", "/sandbox/"): [],
    }


def test_credential_is_rejected_by_other_sandbox(server: InProcessServer) -> None:
    for name in ("a", "b"):
        root(server, "PUT", f"/_mock/sandboxes/{name}")
    bearer = f"Bearer {derive_credentials(SEED, 'a').access_token}"
    assert root(server, "GET", "/sandbox/b/v1/charges", authorization=bearer).status == 401


def test_credentials_of_deleted_sandbox_are_rejected(server: InProcessServer) -> None:
    root(server, "PUT", "/_mock/sandboxes/a")
    root(server, "DELETE", "/_mock/sandboxes/a")
    bearer = f"Bearer {derive_credentials(SEED, 'a').access_token}"
    assert root(server, "GET", "/v1/charges", authorization=bearer).status == 401


NAME_ERROR = (
    "name: use up to 64 letters, digits, '.', '_' and '-'; "
    "start with a letter or digit; do not use what looks like a card number"
)
SANDBOX_REFUSALS: list[tuple[str, Any, str]] = [
    ("x", {"scenaro": "x"}, "Object contains unknown field `scenaro`; did you mean `scenario`?"),
    (
        "x",
        {"dialect": "obsrved"},
        'dialect is "obsrved"; must be one of observed, documented; did you mean `observed`?',
    ),
    ("x", {"strict": "x"}, 'strict is "x"; must be true or false'),
    ("x", [], "the body: expected an object, got an array"),
    ("-x", {}, NAME_ERROR),
    ("x" * 65, {}, NAME_ERROR),
    ("x y", {}, NAME_ERROR),
    ("é", {}, NAME_ERROR),
    ("x\n", {}, NAME_ERROR),
]


@pytest.mark.parametrize(("name", "requested", "message"), SANDBOX_REFUSALS)
def test_invalid_sandbox_is_rejected(
    server: InProcessServer, name: str, requested: Any, message: str
) -> None:
    before = got(server.send("GET", "/_mock/sandboxes"))
    result = got(server.send("PUT", f"/_mock/sandboxes/{name}", requested))
    assert result == (400, {"message": message})
    assert got(server.send("GET", "/_mock/sandboxes")) == before


def test_command_line_overrides_sandbox_settings(
    make_server: MakeServer,
) -> None:
    server = make_server(dialect="documented")
    document = {"name": "x", "settings": {"dialect": "observed"}}
    answer = got(server.send("PUT", "/_mock/scenario", document))[1]
    assert answer["settings"] == {"dialect": "documented"}
