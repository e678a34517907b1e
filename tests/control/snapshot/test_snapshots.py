"""Forks and snapshots: copies of a prepared state are independent of each other."""

import json
import random
import re
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

from mock_clover.control.masking import masked_snapshot
from mock_clover.control.snapshot.endpoints import encode_snapshot
from mock_clover.control.snapshot.state import restore
from mock_clover.core.masking import passes_luhn
from mock_clover.core.problem import ApiError
from mock_clover.core.record import decode_json, encode
from mock_clover.core.steps import finish
from mock_clover.engine.reply import Reply
from mock_clover.sandbox.credentials import derive_credentials
from mock_clover.scenario.load import parse
from tests.fake_clock import calls_of
from tests.in_process import DECLINED_CARD, SEED, VISA, InProcessServer, MakeServer
from tests.raw_http import RawResponse, call
from tests.server_process import ServerProcess
from tests.snapshots import snapshot_of

StartServer = Callable[..., ServerProcess]
Request = tuple[str, str, Any, dict[str, str]]
"""Method, path, body, and headers beyond the credentials."""

MASTERCARD = "5424180279791732"
FORKS = 1_000
CHARGES = 1_000


class SandboxClient:
    """A client of a sandbox of a server, by name."""

    def __init__(self, server: InProcessServer, name: str, customers: tuple[str, ...] = ()) -> None:
        self.server, self.name, self.customers = server, name, customers
        credentials = derive_credentials(SEED, name)
        self._opens = {
            "authorization": f"Bearer {credentials.access_token}",
            "apikey": credentials.api_key,
        }

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Reply:
        """Send one request to this sandbox."""
        sent = {"host": "localhost:4242"} | self._opens | headers
        path, _, query = path.partition("?")
        return self.server.app.handle_now(
            method,
            f"/sandbox/{self.name}{path}",
            query.encode(),
            {name.encode(): value.encode() for name, value in sent.items()},
            b"" if body is None else json.dumps(body).encode(),
        )

    def send_ok(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Send one request that must succeed, and return its document."""
        reply = self.send(method, path, body, **headers)
        assert reply.status == 200, reply
        return json.loads(reply.body)

    def fork(self, name: str) -> "SandboxClient":
        self.send_ok("POST", "/_mock/fork", {"name": name})
        return SandboxClient(self.server, name, self.customers)

    def token(self, pan: str = VISA) -> str:
        card = {"number": pan, "exp_month": "12", "exp_year": "2035", "cvv": "123"}
        return str(self.send_ok("POST", "/v1/tokens", {"card": card})["id"])

    def charge(self, **changes: Any) -> str:
        body = {"amount": 1800, "currency": "usd"} | changes
        body.setdefault("source", self.token())
        return str(self.send_ok("POST", "/v1/charges", body)["id"])

    def seen(self) -> dict[str, bytes]:
        """Return all documents that can be read."""
        paths = [f"/v1/{rows}?limit=100" for rows in ("charges", "refunds", "orders")]
        paths += [f"/v1/customers/{customer}" for customer in self.customers]
        paths += ["/_mock/faults", "/_mock/scenario", "/_mock/clock"]
        read = {path: self.send("GET", path).body for path in paths}
        for rows in ("charges", "orders"):
            for row in json.loads(read[f"/v1/{rows}?limit=100"]).get("data", ()):
                path = f"/v1/{rows}/{row['id']}"
                read[path] = self.send("GET", path).body
        return read


class PopulatedSandbox(SandboxClient):
    """A sandbox with rows of every kind."""

    def __init__(self, server: InProcessServer, name: str) -> None:
        super().__init__(server, name)
        self.send_ok("PUT", f"/_mock/sandboxes/{name}")
        self.sale = self.charge(amount=100)
        self.authorized = self.charge(amount=200, capture=False)
        refunded = self.charge(amount=300)
        self.send_ok("POST", "/v1/refunds", {"charge": refunded, "amount": 50})
        saved = {"email": "jo@example.com", "source": self.token()}
        self.customer = str(self.send_ok("POST", "/v1/customers", saved)["id"])
        self.customers = (self.customer,)
        self.spare = self.token(MASTERCARD)
        items = [{"amount": 700, "quantity": 2}]
        order = {"currency": "usd", "items": items}
        self.order = str(self.send_ok("POST", "/v1/orders", order)["id"])
        paid = str(self.send_ok("POST", "/v1/orders", order)["id"])
        self.send_ok("POST", f"/v1/orders/{paid}/pay", {"source": self.customer})
        declined = {"amount": 5, "currency": "usd", "source": self.token(DECLINED_CARD)}
        assert self.send("POST", "/v1/charges", declined).status == 402
        self.keyed = {"amount": 900, "currency": "usd", "source": self.customer}
        self.first = self.send("POST", "/v1/charges", self.keyed, **{"idempotency-key": "k"})

    def changes(self) -> dict[str, Request]:
        """Return requests that change something, by their effect."""
        charge = {"amount": 11, "currency": "usd", "source": self.customer}
        rule = {"when": {"amount": 11}, "then": {"decline": {}}}
        return {
            "charge": ("POST", "/v1/charges", charge, {}),
            "spend": ("POST", "/v1/charges", charge | {"source": self.spare}, {}),
            "charge under a key": ("POST", "/v1/charges", charge, {"idempotency-key": "new"}),
            "capture": ("POST", f"/v1/charges/{self.authorized}/capture", {"amount": 150}, {}),
            "refund": ("POST", "/v1/refunds", {"charge": self.sale}, {}),
            "void": ("POST", "/v1/refunds", {"charge": self.authorized}, {}),
            "update": ("PUT", f"/v1/customers/{self.customer}", {"email": "x@example.com"}, {}),
            "another card": (
                "PUT",
                f"/v1/customers/{self.customer}",
                {"email": "jo@example.com", "source": self.spare},
                {},
            ),
            "order": ("POST", "/v1/orders", {"currency": "usd", "items": [{"amount": 1}]}, {}),
            "pay": ("POST", f"/v1/orders/{self.order}/pay", {"source": self.customer}, {}),
            "advance": ("PUT", "/_mock/clock", {"advance": "8d"}, {}),
            "fault": ("POST", "/_mock/faults", {"kind": "problem", "problem": "RATE_LIMITED"}, {}),
            "scenario": ("PUT", "/_mock/scenario", {"name": "x", "rules": [rule]}, {}),
        }


CHANGES = (
    "charge",
    "spend",
    "charge under a key",
    "capture",
    "refund",
    "void",
    "update",
    "another card",
    "order",
    "pay",
    "advance",
    "fault",
    "scenario",
)


@pytest.fixture
def parent(server: InProcessServer) -> PopulatedSandbox:
    return PopulatedSandbox(server, "parent")


# Forks ------------------------------------------------------------------------------------------


def test_fork_gives_the_same_responses(parent: PopulatedSandbox) -> None:
    before = parent.seen()
    fork = parent.fork("fork")
    assert fork.seen() == before
    assert parent.seen() == before


def test_the_answer_to_a_fork_is_the_new_sandbox(parent: PopulatedSandbox) -> None:
    credentials = derive_credentials(SEED, "fork")
    assert parent.send_ok("POST", "/_mock/fork", {"name": "fork"}) == {
        "name": "fork",
        "base_url": "http://localhost:4242/sandbox/fork",
        "scenario": "sandbox",
        "merchant_id": credentials.merchant_id,
        "client_id": credentials.client_id,
        "client_secret": credentials.client_secret,
        "access_token": credentials.access_token,
        "api_key": credentials.api_key,
    }


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("changed", ["the parent", "the fork"])
def test_fork_and_parent_are_isolated(parent: PopulatedSandbox, name: str, changed: str) -> None:
    fork = parent.fork("fork")
    one, other = (parent, fork) if changed == "the parent" else (fork, parent)
    before = other.seen()
    method, path, body, headers = parent.changes()[name]
    assert one.send(method, path, body, **headers).status == 200
    assert one.seen() != before
    assert other.seen() == before


@pytest.mark.parametrize("name", CHANGES)
def test_both_go_on_in_the_same_way(parent: PopulatedSandbox, name: str) -> None:
    """The same request gets the same response from each, also ids and reference numbers."""
    fork = parent.fork("fork")
    method, path, body, headers = parent.changes()[name]
    replies = [each.send(method, path, body, **headers) for each in (parent, fork)]
    assert replies[0] == replies[1]
    assert parent.seen() == fork.seen()


def test_a_key_is_known_to_the_fork(parent: PopulatedSandbox) -> None:
    before = parent.seen()
    fork = parent.fork("fork")
    again = fork.send("POST", "/v1/charges", parent.keyed, **{"idempotency-key": "k"})
    assert again.body == parent.first.body
    assert fork.seen() == before


def test_a_key_used_in_one_is_new_to_the_other(parent: PopulatedSandbox) -> None:
    fork = parent.fork("fork")
    mine, yours = ({"amount": n, "currency": "usd", "source": parent.customer} for n in (1, 2))
    key = {"idempotency-key": "later"}
    assert parent.send_ok("POST", "/v1/charges", mine, **key)["amount"] == 1
    assert fork.send_ok("POST", "/v1/charges", yours, **key)["amount"] == 2


def test_a_removed_card_is_removed_in_one_only(parent: PopulatedSandbox) -> None:
    fork = parent.fork("fork")
    customer = parent.send_ok("GET", f"/v1/customers/{parent.customer}")
    card = customer["sources"]["data"][0]
    source = card["id"] if isinstance(card, dict) else card
    gone = fork.send("DELETE", f"/v1/customers/{parent.customer}/sources/{source}")
    assert gone.status == 200
    charge = {"amount": 1, "currency": "usd", "source": parent.customer}
    assert parent.send("POST", "/v1/charges", charge).status == 200
    assert fork.send("POST", "/v1/charges", charge).status == 400


def test_a_fork_has_its_own_journal(parent: PopulatedSandbox) -> None:
    fork = parent.fork("fork")
    assert fork.send_ok("GET", "/_mock/journal") == {"data": []}
    fork.charge()
    assert [e["endpoint"] for e in fork.send_ok("GET", "/_mock/journal")["data"]] == [
        "create_token",
        "create_charge",
    ]


def test_a_chain_of_forks(parent: PopulatedSandbox) -> None:
    chain: list[SandboxClient] = [parent]
    for number in range(60):
        chain.append(chain[-1].fork(f"fork-{number}"))
        chain[-1].charge(amount=1_000 + number)
    alone = PopulatedSandbox(parent.server, "alone-parent")
    for number in range(60):
        alone.charge(amount=1_000 + number)

    def amounts(branch: SandboxClient) -> list[int]:
        rows = branch.send_ok("GET", "/v1/charges?limit=100")["data"]
        return [row["amount"] for row in reversed(rows) if row["amount"] >= 1_000]

    for depth, branch in enumerate(chain):
        expected = [1_000 + number for number in range(depth)]
        assert [n for n in amounts(branch) if n < 1_100] == expected


@pytest.mark.parametrize(
    ("seed", "without"),
    [
        *((seed, ("fault", "charge under a key")) for seed in range(4)),
        pytest.param(3, ("fault",)),
    ],
)
def test_forks_behave_like_separate_sandboxes(
    make_server: MakeServer, seed: int, without: tuple[str, ...]
) -> None:
    """Random changes and forks; in the end each equals its own flow on its own server."""
    chance = random.Random(seed)
    stocked = PopulatedSandbox(make_server(), "parent")
    changes = stocked.changes()
    logs: dict[str, list[Request]] = {"parent": []}
    branches: dict[str, SandboxClient] = {"parent": stocked}
    for number in range(40):
        name = chance.choice(list(branches))
        if chance.random() < 0.3:
            new = f"fork-{number}"
            branches[new] = branches[name].fork(new)
            logs[new] = list(logs[name])
        else:
            # A fault would make all following responses the same.
            change = changes[chance.choice([each for each in CHANGES if each not in without])]
            branches[name].send(change[0], change[1], change[2], **change[3])
            logs[name].append(change)
    for name, log in logs.items():
        alone = PopulatedSandbox(make_server(), "parent")
        for method, path, body, headers in log:
            alone.send(method, path, body, **headers)
        assert branches[name].seen() == alone.seen(), name


FORK_REFUSALS = {
    "no name": ({}, "name is missing; it is required"),
    "itself": ({"name": "parent"}, "name: a sandbox cannot be forked into itself"),
    "another word": ({"nme": "x"}, "name is missing; it is required"),
    "a word too many": (
        {"name": "x", "scenario": "y"},
        "Object contains unknown field `scenario`; allowed: name",
    ),
}


@pytest.mark.parametrize(("body", "message"), FORK_REFUSALS.values(), ids=FORK_REFUSALS)
def test_invalid_fork_is_rejected(parent: PopulatedSandbox, body: Any, message: str) -> None:
    before = parent.send_ok("GET", "/_mock/sandboxes")
    reply = parent.send("POST", "/_mock/fork", body)
    assert (reply.status, json.loads(reply.body)) == (400, {"message": message})
    assert parent.send_ok("GET", "/_mock/sandboxes") == before


@pytest.mark.system  # slow
def test_a_fork_costs_little_whatever_its_sandbox_holds(server: InProcessServer) -> None:
    """In memory and in calls; the benchmark measures its time."""
    empty = calls_of(lambda: server.sandbox.fork("empty", server.known))
    customer = server.customer()["id"]
    body = {"amount": 1, "currency": "usd", "source": customer}
    tracemalloc.start()
    try:
        for number in range(CHARGES):
            headers = {"idempotency-key": str(number)}
            assert server.send("POST", "/v1/charges", body, headers=headers).status == 200
        built, _ = tracemalloc.get_traced_memory()
        forks = [server.sandbox.fork(f"f{n}", server.known) for n in range(100)]
        forked = tracemalloc.get_traced_memory()[0] - built
    finally:
        tracemalloc.stop()
    assert forked / len(forks) < built / 10
    assert calls_of(lambda: server.sandbox.fork("full", server.known)) < 2 * empty
    assert {len(each.charges) for each in forks} == {CHARGES}


@pytest.mark.system  # slow
def test_forks_do_not_evict_their_parent(parent: PopulatedSandbox) -> None:
    before = parent.seen()
    for number in range(FORKS):
        parent.fork(f"fork-{number}")
    assert parent.seen() == before
    assert SandboxClient(parent.server, "fork-0", parent.customers).seen() == before


# Snapshots --------------------------------------------------------------------------------------


def cards_in(text: str) -> list[str]:
    """Return the runs of digits that could be card numbers."""
    runs = re.findall(r"[2-9][0-9]{12,18}", text)
    return [run for run in runs if passes_luhn(run)]


def test_a_snapshot_has_no_card_number(parent: PopulatedSandbox, server: InProcessServer) -> None:
    numbers = {card.number for card in server.sandbox.rules.scenario.cards}
    numbers |= {MASTERCARD, VISA, DECLINED_CARD}
    rule = {"when": {"card": {"number": MASTERCARD}}, "then": {"decline": {}}}
    cards = [{"number": number, "outcome": "approve"} for number in sorted(numbers)]
    for document in (None, {"name": "x", "rules": [rule], "cards": cards}):
        if document:
            assert parent.send("PUT", "/_mock/scenario", document).status == 200
        text = parent.send("GET", "/_mock/snapshot").body.decode()
        assert [number for number in numbers if number in text] == []
        assert cards_in(text) == []
        assert "123" not in re.findall(r'"cvv":"([0-9]+)"', text)


@pytest.mark.parametrize(
    "where",
    [
        {"description": VISA},
        {"description": "\N{EN DASH}".join(VISA)},
        {"metadata": {"card": VISA}},
        {"metadata": {"card": int(VISA)}},
        {"metadata": {"cards": [{"a": float(VISA), VISA: 1}]}},
        {"receipt_email": f"{VISA}@a.b"},
    ],
)
def test_a_snapshot_has_no_card_number_in_free_text(parent: PopulatedSandbox, where: Any) -> None:
    parent.send(
        "POST",
        "/v1/charges",
        {"amount": 1, "currency": "usd", "source": parent.customer} | where,
        **{"idempotency-key": "free"},
    )
    order = {"currency": "usd", "items": [{"amount": 1}], "metadata": where}
    assert parent.send("POST", "/v1/orders", order).status == 200
    text = re.sub("[^0-9a-z]", "", parent.send("GET", "/_mock/snapshot").body.decode())
    assert VISA not in text


def test_a_stored_response_with_a_masked_number_is_still_json(parent: PopulatedSandbox) -> None:
    """A time is no card number, even if its digits could be one."""
    body = {"metadata": {"card": int(VISA)}, "created": 2000000000008}
    rules = [{"when": {"endpoint": "create_order"}, "then": {"raw": {"body": body}}}]
    parent.send_ok("PUT", "/_mock/scenario", {"name": "x", "rules": rules})
    asked = {"currency": "usd", "items": [{"amount": 1}]}
    assert parent.send_ok("POST", "/v1/orders", asked, **{"idempotency-key": "number"}) == body
    snapshot = parent.send_ok("GET", "/_mock/snapshot")
    (stored,) = [each["body"] for each in snapshot["answered"] if each["key"] == "number"]
    assert json.loads(stored) == body | {"metadata": {"card": "[card ...4242]"}}
    assert VISA not in json.dumps(snapshot)


def test_a_snapshot_of_a_restored_sandbox_is_the_same(parent: PopulatedSandbox) -> None:
    taken = parent.send("GET", "/_mock/snapshot").body
    for name in ("elsewhere", "parent"):
        other = SandboxClient(parent.server, name)
        assert other.send("PUT", "/_mock/snapshot", json.loads(taken)).status == 200
        assert other.send("GET", "/_mock/snapshot").body == taken


def test_a_restored_sandbox_goes_back(parent: PopulatedSandbox) -> None:
    before, taken = parent.seen(), parent.send_ok("GET", "/_mock/snapshot")
    for name in CHANGES:
        method, path, body, headers = parent.changes()[name]
        parent.send(method, path, body, **headers)
    assert parent.seen() != before
    assert parent.send("PUT", "/_mock/snapshot", taken).status == 200
    assert parent.seen() == before


def test_a_restored_merchant_stays_at_its_address(
    make_server: MakeServer,
) -> None:
    server = make_server(parse(b"name: x\nmerchants: [{name: a}, {name: b}]", "x.yaml"))
    first = server.sandboxes.default
    second = first.merchants[0]
    taken = snapshot_of(second)
    server.sandboxes.replace(second, finish(restore(second, taken)))
    (restored,) = first.merchants
    assert restored is not second
    assert restored.clock is first.clock
    found = {
        "by name": server.sandboxes.find(second.name),
        "by merchant id": server.sandboxes.for_merchant(second.credentials.merchant_id),
        "after the other one is restored": None,
    }
    server.sandboxes.replace(first, finish(restore(first, snapshot_of(first))))
    found["after the other one is restored"] = server.sandboxes.default.merchants[0]
    assert found == dict.fromkeys(found, restored)
    assert server.sandboxes.default is not first
    assert server.sandboxes.default.clock is restored.clock


@pytest.mark.parametrize("name", CHANGES)
def test_restored_sandbox_continues_identically(parent: PopulatedSandbox, name: str) -> None:
    other = SandboxClient(parent.server, "other", parent.customers)
    other.send_ok("PUT", "/_mock/snapshot", parent.send_ok("GET", "/_mock/snapshot"))
    method, path, body, headers = parent.changes()[name]
    replies = [each.send(method, path, body, **headers) for each in (parent, other)]
    assert replies[0] == replies[1]
    assert parent.seen() == other.seen()


def test_snapshot_has_scheduled_jobs(parent: PopulatedSandbox) -> None:
    other = SandboxClient(parent.server, "other", parent.customers)
    other.send_ok("PUT", "/_mock/snapshot", parent.send_ok("GET", "/_mock/snapshot"))
    fired = [
        each.send_ok("PUT", "/_mock/clock", {"advance": "7d"})["fired"] for each in (parent, other)
    ]
    assert fired[0] == fired[1]
    assert [each["id"] for each in fired[0]] == [parent.authorized]


@pytest.mark.parametrize("odds", [1.0, 0.5])
def test_faults_are_in_the_snapshot(parent: PopulatedSandbox, odds: float) -> None:
    fault = {"kind": "problem", "problem": "RATE_LIMITED", "times": 9, "odds": odds}
    parent.send_ok("POST", "/_mock/faults", fault)
    parent.send("GET", "/v1/charges")
    other = SandboxClient(parent.server, "other", parent.customers)
    other.send_ok("PUT", "/_mock/snapshot", parent.send_ok("GET", "/_mock/snapshot"))
    replies = [
        [each.send("GET", "/v1/charges").status for _ in "0123456789abcdef"]
        for each in (parent, other)
    ]
    assert replies[0] == replies[1]


def test_a_used_up_fault_of_the_scenario_stays_used_up(parent: PopulatedSandbox) -> None:
    parent.send_ok("PUT", "/_mock/scenario", {"name": "lost-replies"})
    charge = {"amount": 1, "currency": "usd", "source": parent.customer}
    for _ in range(2):
        parent.send("POST", "/v1/charges", charge)
    before = parent.send_ok("GET", "/_mock/faults")
    parent.send_ok("PUT", "/_mock/snapshot", parent.send_ok("GET", "/_mock/snapshot"))
    assert parent.send_ok("GET", "/_mock/faults") == before


# On another server ------------------------------------------------------------------------------


def opened(seed: str, name: str) -> dict[str, str]:
    credentials = derive_credentials(seed, name)
    return {"authorization": f"Bearer {credentials.access_token}", "apikey": credentials.api_key}


def told(replies: list[RawResponse]) -> list[tuple[int, bytes, str | None]]:
    """Return what must be equal: status, body, and why."""
    return [(each.status, each.body, each.headers.get("x-mock-clover-why")) for each in replies]


def test_another_server_with_another_seed_answers_the_same(start_server: StartServer) -> None:
    here, there = start_server(), start_server("--seed", "another")
    seeds = {here.port: SEED, there.port: "another"}

    def send(port: int, method: str, path: str, body: Any = None, **headers: str) -> RawResponse:
        sent = opened(seeds[port], "s") | headers
        return call(port, method, f"/sandbox/s{path}", body, **sent)

    def token(pan: str) -> Request:
        card = {"number": pan, "exp_month": "12", "exp_year": "2038", "cvv": "123"}
        return ("POST", "/v1/tokens", {"card": card}, {})

    def do(port: int, requests: list[Request]) -> list[RawResponse]:
        return [send(port, method, path, body, **more) for method, path, body, more in requests]

    send(here.port, "PUT", "/_mock/clock", {"freeze": True})
    source = do(here.port, [token(VISA)])[0].json["id"]
    saved = {"email": "jo@example.com", "source": source}
    customer = send(here.port, "POST", "/v1/customers", saved).json["id"]
    spare, listed = (
        do(here.port, [token(pan)])[0].json["id"] for pan in (MASTERCARD, DECLINED_CARD)
    )
    charge = {"amount": 1800, "currency": "usd", "source": customer}
    key = {"idempotency-key": "k"}
    stored = do(
        here.port,
        [
            ("POST", "/v1/charges", charge, key),
            ("POST", "/v1/charges", charge | {"capture": False}, {}),
            ("POST", "/v1/orders", {"currency": "usd", "items": [{"amount": 5}]}, {}),
        ],
    )
    first, authorized, order = (each.json["id"] for each in stored)
    snapshot = send(here.port, "GET", "/_mock/snapshot").body
    assert send(there.port, "PUT", "/_mock/snapshot", snapshot).status == 200
    requested: list[Request] = [
        ("GET", "/v1/charges?limit=100", None, {}),
        ("GET", f"/v1/charges/{first}", None, {}),
        ("GET", f"/v1/customers/{customer}", None, {}),
        ("GET", f"/v1/orders/{order}", None, {}),
        ("POST", "/v1/charges", charge | {"source": listed}, {}),
        token(DECLINED_CARD),
        token("4242424242424241"),
        ("POST", "/v1/charges", charge | {"source": spare}, {}),
        ("POST", "/v1/charges", charge | {"source": spare}, {}),
        ("POST", f"/v1/charges/{authorized}/capture", {"amount": 1}, {}),
        ("POST", "/v1/refunds", {"charge": first, "amount": 100}, {}),
        ("POST", f"/v1/orders/{order}/pay", {"source": customer}, {}),
        ("GET", "/v1/refunds", None, {}),
        ("PUT", "/_mock/clock", {"advance": "31d"}, {}),
        ("POST", "/v1/charges", charge, {}),
        ("GET", "/v1/charges?limit=100", None, {}),
        ("GET", "/v1/orders?limit=100", None, {}),
    ]
    here_told, there_told = (do(each.port, requested) for each in (here, there))
    assert told(there_told) == told(here_told)
    assert [each.status for each in here_told].count(200) == len(requested) - 3


def test_a_key_is_known_to_a_restored_sandbox(parent: PopulatedSandbox) -> None:
    other = SandboxClient(parent.server, "other", parent.customers)
    other.send_ok("PUT", "/_mock/snapshot", parent.send_ok("GET", "/_mock/snapshot"))
    before = other.seen()
    again = other.send("POST", "/v1/charges", parent.keyed, **{"idempotency-key": "k"})
    assert again.body == parent.first.body
    assert other.seen() == before


@pytest.mark.parametrize("key", ["2026113008153345", f"order {VISA}", f"#{VISA}", "5" * 300])
def test_a_key_that_looks_like_a_card_is_known_to_a_restored_sandbox(
    parent: PopulatedSandbox, key: str
) -> None:
    first = parent.send("POST", "/v1/charges", parent.keyed, **{"idempotency-key": key})
    snapshot = parent.send_ok("GET", "/_mock/snapshot")
    assert cards_in(json.dumps(snapshot["answered"])) == []
    other = SandboxClient(parent.server, "other", parent.customers)
    other.send_ok("PUT", "/_mock/snapshot", snapshot)
    charges = len(other.send_ok("GET", "/v1/charges?limit=100")["data"])
    again = other.send("POST", "/v1/charges", parent.keyed, **{"idempotency-key": key})
    assert (again.status, again.body) == (200, first.body)
    assert len(other.send_ok("GET", "/v1/charges?limit=100")["data"]) == charges


def test_a_request_with_a_masked_number_is_known_to_a_restored_sandbox(
    parent: PopulatedSandbox,
) -> None:
    key = {"idempotency-key": "masked"}
    note = {"description": f"order {VISA}", "metadata": {"b": VISA, "a": "1"}}
    other_note = {"description": f"order {MASTERCARD}", "metadata": note["metadata"]}
    again_note = {"metadata": {"a": "1", "b": VISA}, "description": f"order {VISA}"}
    parent.send_ok("POST", "/v1/charges", parent.keyed | note, **key)
    other = SandboxClient(parent.server, "other", parent.customers)
    for _ in range(2):  # the second snapshot is one of a restored sandbox
        snapshot = parent.send_ok("GET", "/_mock/snapshot")
        assert cards_in(json.dumps(snapshot)) == []
        other.send_ok("PUT", "/_mock/snapshot", snapshot)
        before = other.seen()
        statuses = [
            other.send("POST", "/v1/charges", parent.keyed | each, **key).status
            for each in (note, again_note, other_note)
        ]
        assert (statuses, other.seen()) == ([200, 200, 400], before)
        parent.send_ok("PUT", "/_mock/snapshot", snapshot)


def test_a_snapshot_is_encoded_row_by_row_as_it_would_be_at_once(
    parent: PopulatedSandbox,
) -> None:
    sandbox = parent.server.sandboxes.get_or_create(parent.name)
    assert len(sandbox.charges) > 0
    row_by_row = finish(encode_snapshot(sandbox)).body
    at_once = encode(masked_snapshot(decode_json(encode(snapshot_of(sandbox)))))
    assert row_by_row == at_once


def test_a_snapshot_that_could_not_be_restored_is_refused(parent: PopulatedSandbox) -> None:
    sandbox = parent.server.sandboxes.get_or_create(parent.name)
    with pytest.raises(ApiError) as refused:
        finish(encode_snapshot(sandbox, 8_192))
    assert refused.value.message.startswith("the snapshot is larger than 0.0078125 MiB, so it")


def test_a_snapshot_with_a_key_twice_is_rejected(parent: PopulatedSandbox) -> None:
    whole = parent.send_ok("GET", "/_mock/snapshot")
    reply = parent.send("PUT", "/_mock/snapshot", whole | {"answered": whole["answered"] * 2})
    assert (reply.status, json.loads(reply.body)) == (
        400,
        {"message": "the snapshot cannot be restored: an idempotency key occurs twice"},
    )


# Invalid snapshots --------------------------------------------------------------------------------

GONE: Any = object()
BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "another version": (
        {"mock_clover_snapshot": 2},
        "mock_clover_snapshot: unsupported version 2; this mock-clover reads 3",
    ),
    "no version": (
        {"mock_clover_snapshot": GONE},
        "mock_clover_snapshot is missing; it is required",
    ),
    "no charges": ({"charges": GONE}, "charges is missing; it is required"),
    "charges of a number": ({"charges": 5}, "charges is 5; must be an object"),
    "an empty charge": (
        {"charges": {"x": {}}},
        "charges[...].id is missing; it is required",
    ),
    "ids of two words": (
        {"ids": [1, 2]},
        "the snapshot cannot be restored: state vector is the wrong size",
    ),
    "ids that are none": (
        {"ids": [2**32] * 625},
        "the snapshot cannot be restored: invalid state",
    ),
    "a key of no digits": (
        {"fingerprint_key": "zz"},
        "the snapshot cannot be restored: non-hexadecimal number found in fromhex() arg at "
        "position 0",
    ),
    "half an agenda": (
        {"agenda": [[1]]},
        "agenda[0] has 1 items; exactly 4",
    ),
    "a scenario of no name": (
        {"scenario": {}},
        "scenario.name is missing; it is required",
    ),
}


@pytest.mark.parametrize(("change", "message"), BROKEN.values(), ids=BROKEN)
def test_a_bad_snapshot_is_refused_and_changes_nothing(
    parent: PopulatedSandbox, change: dict[str, Any], message: str
) -> None:
    whole = parent.send_ok("GET", "/_mock/snapshot")
    before = parent.seen()
    broken = {name: value for name, value in (whole | change).items() if value is not GONE}
    reply = parent.send("PUT", "/_mock/snapshot", broken)
    assert (reply.status, json.loads(reply.body)) == (400, {"message": message})
    assert parent.seen() == before
    assert parent.send_ok("GET", "/_mock/snapshot") == whole


def test_invalid_snapshot_is_rejected(server: InProcessServer) -> None:
    before = server.send("GET", "/_mock/snapshot").body
    not_utf_8 = b'{"\xff"', before.replace(b'"charges":{', b'"charges":{"\xff":{}')
    for body in (b"", b"{", b"[]", b'"x"', b"null", b"\xff", *not_utf_8):
        assert server.send("PUT", "/_mock/snapshot", raw=body).status == 400, body
    assert server.send("GET", "/_mock/snapshot").body == before


NONSENSE: dict[str, dict[str, Any]] = {
    "a time beyond all calendars": {"now_ms": 10**30},
    "a time before all calendars": {"now_ms": -(10**18)},
    "a member that nobody knows": {"chrges": {}},
    "a count that is none": {"ref_count": -7},
    "a problem that there is not": {
        "scenario": {"name": "x", "rules": [{"then": {"problem": "NOPE"}}]}
    },
}


@pytest.mark.parametrize("change", NONSENSE.values(), ids=NONSENSE)
def test_invalid_values_in_snapshot_are_rejected(
    parent: PopulatedSandbox, change: dict[str, Any]
) -> None:
    whole = parent.send_ok("GET", "/_mock/snapshot")
    assert parent.send("PUT", "/_mock/snapshot", whole | change).status == 400


def changed(table: str, **members: Any) -> Callable[[dict[str, Any]], Any]:
    """Return a function that changes the first row of a table of a snapshot."""

    def change(whole: dict[str, Any]) -> None:
        rows = whole[table]
        row = rows[0] if isinstance(rows, list) else next(iter(rows.values()))
        row.update(members)

    return change


SENSELESS: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "a reason of two lines": (changed("answered", why="x\r\nset-cookie: a=b"), "answered[0].why"),
    "a path of two lines": (changed("answered", target="/\n"), "answered[0].target"),
    "a status that HTTP does not have": (changed("answered", status=777), "answered[0].status"),
    "a row under another key": (changed("tokens", id="X"), ".id: is not the key of the row"),
    "a time in the year 33658": (changed("charges", created_ms=10**15), ".created_ms: is not a"),
    "a time before all times": (changed("orders", created_ms=-1), ".created_ms: is not a time"),
    "a refund of nothing": (changed("refunds", charge="X"), ".charge: 'X' is not in charges"),
    "a negative refund": (changed("refunds", amount=-5), ".amount: is negative"),
    "a refund of more than was paid": (changed("refunds", amount=10**6), ".amount_refunded: is"),
    "captured more than authorized": (changed("charges", amount_captured=10**6), "_captured: does"),
    "released a negative amount": (changed("charges", amount_released=-1), "_released: does"),
    "refunded more than captured": (changed("charges", amount_refunded=10**6), "_refunded: does"),
    "pending without 3-D Secure": (changed("charges", state="pending"), ".threeds: is missing"),
    "an order of no charge": (changed("orders", charges=["X"]), ".charges: 'X' is not in charges"),
    "taxes of other items": (changed("orders", taxes=[1, 2, 3]), ".taxes: must have one entry"),
    "a customer with a bank account": (
        lambda whole: [each.update(kind="ach") for each in whole["tokens"].values()],
        "is not the token of a card",
    ),
}


@pytest.mark.parametrize(("change", "said"), SENSELESS.values(), ids=SENSELESS)
def test_a_snapshot_that_no_request_could_have_made_is_rejected(
    parent: PopulatedSandbox, change: Callable[[dict[str, Any]], Any], said: str
) -> None:
    whole = parent.send_ok("GET", "/_mock/snapshot")
    before = parent.seen()
    change(whole)
    reply = parent.send("PUT", "/_mock/snapshot", whole)
    assert reply.status == 400
    assert said in json.loads(reply.body)["message"]
    assert parent.seen() == before


@pytest.mark.parametrize(("count", "status"), [(0, 400), (1, 200), (1_000, 200), (1_001, 400)])
def test_the_interval_count_of_a_plan_in_a_snapshot_is_checked(
    server: InProcessServer, count: int, status: int
) -> None:
    plan = {"id": "P", "name": "Gold", "amount": 1, "interval": "DAY", "interval_count": count}
    plans = {"P": plan | {"created_ms": 0, "modified_ms": 0}}
    whole = server.send("GET", "/_mock/snapshot").json
    assert server.send("PUT", "/_mock/snapshot", whole | {"plans": plans}).status == status
