"""Conformance: an unmodified server has no drift, a modified one exactly the modification."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from mock_clover.client import ClientError, Response, send_request
from mock_clover.clover.surface import SURFACE
from mock_clover.conformance import report
from mock_clover.conformance.dry_run import (
    DryRun,
    DryRunResult,
    create_target,
    same_url_for_all,
    send_in_process,
)
from mock_clover.conformance.formats import is_identifier, iter_scalars
from mock_clover.conformance.hosts import (
    AddressError,
    RateLimitedSender,
    check_rate,
    has_control,
    server_root,
    service_urls,
    validate_url,
)
from mock_clover.conformance.report import Run
from mock_clover.conformance.run_flow import CONTROL, Send, StepResult, Target, run_flow, service_of
from mock_clover.conformance.variables import CREDENTIALS, current_dates, parameterize
from mock_clover.reference.flows import RECORDED_AT_MS, RECORDED_SEED, flows, recorded_reply
from mock_clover.sandbox.clock import Clock
from mock_clover.sandbox.keys import KeyRing
from mock_clover.scenario.load import parse
from mock_clover.scenario.records import Scenario
from mock_clover.server.app.app import App
from mock_clover.server.build import build
from mock_clover.server.log import ExchangeLog
from tests.command_line import run_cli
from tests.conformance.test_golden import FILES
from tests.in_process import NOW_MS, SEED
from tests.server_process import ServerProcess

FLOWS = {flow.name: parameterize(flow) for flow in flows()}
ROOT = "http://other:4242"
LISTS, ORDERS, CARDS, GIFTS = "lists-and-lookups", "orders-and-returns", "save-a-card", "gift-cards"
NO_EMAIL = "Add new card information, as the document's example has it: the e-mail is missing"
UNLISTENED = "the recorded webhook targets do not exist"


class Comparison(NamedTuple):
    """Compares flows with a server: a dry run, and what it has found before."""

    rehearsal: DryRun
    keys: KeyRing
    scenario: Scenario
    prepared: dict[str, DryRunResult]

    def app(self, scenario: Scenario | None = None, **switched: Any) -> App:
        log = ExchangeLog(None, "none")
        return build(
            scenario or self.scenario,
            self.keys,
            seed="another",
            log=log,
            setting_overrides=switched,
        )

    def run(self, send: Send, only: tuple[str, ...] = ()) -> Run:
        """Run flows in their own sandboxes."""
        played = []
        secrets: list[str] = []
        for name in only or FLOWS:
            flow = FLOWS[name]
            place = create_target(ROOT, send, name)
            secrets += place.credentials.values()
            if name not in self.prepared:
                self.prepared[name] = self.rehearsal.prepare(flow, place)
            steps = run_flow(flow, place, send, *self.prepared[name])
            played.append((flow, tuple(steps)))
        return Run(ROOT, True, NOW_MS, tuple(played), tuple(secrets))

    def share(self, send: Send, name: str, given: dict[str, str]) -> list[StepResult]:
        """Run a flow on a shared server, with credentials."""
        place = Target(same_url_for_all(ROOT), given, Clock().now_ms(), is_exclusive=False)
        prepared = self.rehearsal.prepare(FLOWS[name], place)
        return list(run_flow(FLOWS[name], place, send, *prepared))


@pytest.fixture(scope="module")
def held(keys: KeyRing, default_scenario: Scenario) -> Comparison:
    return Comparison(DryRun(keys), keys, default_scenario, {})


def sender(app: App) -> Send:
    return lambda *requested: send_in_process(app, *requested)


def found(run: Run) -> list[tuple[str, str, str, str]]:
    """Return the drift by the titles of its steps, so that an added step changes nothing."""
    titles = {name: [each.title for each in flow.golden.examples] for name, flow in FLOWS.items()}
    return [(row.flow, titles[row.flow][row.step - 1], row.path, row.kind) for row in run.rows()]


@pytest.mark.parametrize("name", FLOWS)
def test_an_unaltered_server_has_no_drift(name: str, held: Comparison) -> None:
    ((_, steps),) = held.run(sender(held.app()), (name,)).flows
    assert [step for step in steps if step.state == "different"] == []
    assert {step.reason for step in steps if step.state == "skipped"} <= {UNLISTENED}
    assert any(step.state == "same" for step in steps)


@pytest.mark.system
@pytest.mark.parametrize("name", FLOWS)
def test_shared_server_has_no_drift(name: str, held: Comparison) -> None:
    app = held.app()
    credentials = app.sandboxes.default.credentials
    given = {each: getattr(credentials, each) for each in CREDENTIALS}
    for _ in range(3):
        steps = held.share(sender(app), name, given)
        assert [step for step in steps if step.state == "different"] == []
        assert [step for step in steps if step.state == "not_compared"] == []


class Modification(NamedTuple):
    """One modification of one response: `edit` gets its tree, or the Response if it says so."""

    said: str
    flow: str
    call: str
    edit: Callable[[Any], Any]
    expected: list[tuple[str, str, str]]
    whole: bool = False


def put(path: str, value: Any) -> Callable[[Any], Any]:
    """Return an edit that sets one member; None removes it."""

    def edit(tree: Any) -> Any:
        *parents, last = path.split(".")
        at = tree
        for name in parents:
            at = at[name]
        if value is None:
            del at[last]
        else:
            at[last] = value(at[last]) if callable(value) else value
        return tree

    return edit


def headed(**changes: str | None) -> Callable[[Response], Response]:
    def edit(answer: Response) -> Response:
        named = {name.replace("_", "-"): value for name, value in changes.items()}
        saved = {k: v for k, v in answer.headers.items() if k not in named}
        return answer._replace(headers=saved | {k: v for k, v in named.items() if v is not None})

    return edit


SALE, REFUND = "POST /v1/charges", "POST /v1/refunds"
EMAIL = "PUT /v1/customers/"
ALTERATIONS = [
    Modification(
        "another status of a refusal",
        *(CARDS, EMAIL, lambda got: got._replace(status=422) if got.status == 400 else got),
        [(NO_EMAIL, "status", "status")],
        whole=True,
    ),
    Modification(
        "another status of a result ends the flow",
        *(LISTS, SALE, lambda got: got._replace(status=500)),
        [("The sale", "status", "status")],
        whole=True,
    ),
    Modification(
        "a status for another",
        *(LISTS, SALE, lambda got: got._replace(status=201)),
        [("The sale", "status", "status")],
        whole=True,
    ),
    Modification(
        "a member dropped",
        LISTS,
        SALE,
        put("ref_num", None),
        [("The sale", "body.ref_num", "missing")],
    ),
    Modification(
        "an inner member dropped",
        *(LISTS, SALE, put("source.first6", None)),
        [("The sale", "body.source.first6", "missing")],
    ),
    Modification(
        "a member more",
        LISTS,
        SALE,
        lambda t: t | {"livemode": False},
        [("The sale", "body.livemode", "extra")],
    ),
    Modification(
        "another type", LISTS, SALE, put("amount", str), [("The sale", "body.amount", "type")]
    ),
    Modification(
        "a fraction", LISTS, SALE, put("amount", float), [("The sale", "body.amount", "type")]
    ),
    Modification(
        "a number for a boolean", LISTS, SALE, put("paid", 1), [("The sale", "body.paid", "type")]
    ),
    Modification(
        "a list for an object",
        LISTS,
        SALE,
        put("outcome", []),
        [("The sale", "body.outcome", "type")],
    ),
    Modification(
        "a longer reference",
        LISTS,
        SALE,
        put("ref_num", "X1"),
        [("The sale", "body.ref_num", "format")],
    ),
    Modification(
        "seconds for milliseconds",
        *(LISTS, SALE, put("created", lambda ms: ms // 1000)),
        [("The sale", "body.created", "format")],
    ),
    Modification(
        "a lock id as text",
        *(
            GIFTS,
            "POST /v1/charges",
            lambda t: put("gift_card.lock_id", "251")(t) if t["amount"] == 400 else t,
        ),
        [("Lock a part", "body.gift_card.lock_id", "type")],
    ),
    Modification(
        "the currency as it was sent",
        *(LISTS, SALE, put("currency", str.lower)),
        [("The sale", "body.currency", "value")],
    ),
    Modification(
        "another amount", LISTS, SALE, put("amount", 1799), [("The sale", "body.amount", "value")]
    ),
    Modification(
        "the id of another thing",
        *(LISTS, REFUND, put("charge", "ZZZZZZZZZZZZZ")),
        [("Its refund in part", "body.charge", "value")],
    ),
    Modification(
        "another parent than the client gave",
        ORDERS,
        "POST /v1/orders",
        lambda t: t["items"][0].update(parent="ZZZZZZZZZZZZZ") or t if len(t["items"]) > 1 else t,
        [("An order with a tax line", "body.items[0].parent", "value")],
    ),
    Modification(
        "another error code",
        *(CARDS, EMAIL, lambda t: put("error.code", "bad_email")(t) if "error" in t else t),
        [(NO_EMAIL, "body.error.code", "value")],
    ),
    Modification(
        "another message",
        *(CARDS, EMAIL, lambda t: put("error.message", "No.")(t) if "error" in t else t),
        [(NO_EMAIL, "body.error.message", "value")],
    ),
    Modification(
        "an error without its type",
        *(CARDS, EMAIL, lambda t: put("error.type", None)(t) if "error" in t else t),
        [(NO_EMAIL, "body.error.type", "missing")],
    ),
    Modification(
        "another media type",
        *(LISTS, SALE, headed(content_type="text/plain")),
        [("The sale", "content-type", "media type")],
        whole=True,
    ),
    Modification(
        "no media type",
        *(LISTS, SALE, headed(content_type=None)),
        [("The sale", "content-type", "media type")],
        whole=True,
    ),
    Modification(
        "a page for a refund",
        *(LISTS, REFUND, lambda got: got._replace(body=b"<html>")),
        [("Its refund in part", "body", "type")],
        whole=True,
    ),
    Modification(
        "a list with more in it",
        *(LISTS, "GET /v1/orders", put("data", lambda data: data * 2)),
        [("All orders", "body.data", "length")],
    ),
    Modification(
        "an item of a list without a member",
        *(LISTS, "GET /v1/charges?", lambda t: [t["data"][0].pop("paid")] and t),
        [("All charges of the day", "body.data[0].paid", "missing")],
    ),
    Modification(
        "an envelope for an array",
        *(LISTS, "GET /recurring/v1/subscriptions", lambda t: {"elements": t}),
        [("All subscriptions, of which there are none", "body", "type")],
    ),
    Modification(
        "a header dropped",
        *("oauth-v2", "POST /oauth/v2/refresh", headed(x_clover_recovery_available=None)),
        [
            (
                "Try the spent refresh token again; the header says that recovery is possible",
                "headers.x-clover-recovery-available",
                "missing",
            )
        ],
        whole=True,
    ),
    Modification(
        "a redirect without its state",
        *("oauth-v2", "GET /oauth/v2/authorize?"),
        lambda got: headed(location=got.headers["location"].partition("&state")[0])(got),
        [("The merchant agrees; the code is in the redirect", "headers.location.state", "missing")],
        whole=True,
    ),
    Modification(
        "what does not count: a charset, the order of members, another reason, more headers",
        *(LISTS, SALE),
        lambda got: headed(content_type="application/json; charset=UTF-8", x_request="1")(
            got._replace(body=json.dumps(dict(sorted(json.loads(got.body).items()))).encode())
        ),
        [],
        whole=True,
    ),
]


def altered(app: App, change: Modification) -> Send:
    """Return a transport to a server that modifies one response."""
    method, _, path = change.call.partition(" ")
    start = f"{ROOT}/sandbox/conformance-{change.flow}{path}"

    def send(requested: str, url: str, headers: dict[str, str], body: bytes | None) -> Response:
        answer = send_in_process(app, requested, url, headers, body)
        if requested != method or not (
            url == start or (path[-1] in "/?" and url.startswith(start))
        ):
            return answer
        if change.whole:
            return change.edit(answer)
        return answer._replace(body=json.dumps(change.edit(json.loads(answer.body))).encode())

    return send


@pytest.mark.system
@pytest.mark.parametrize("change", ALTERATIONS, ids=lambda change: change.said)
def test_only_the_altered_field_is_reported(change: Modification, held: Comparison) -> None:
    run = held.run(altered(held.app(), change))
    assert found(run) == [(change.flow, *each) for each in change.expected]


RULE_OPERATIONS = """
name: altered
rules:
  - {name: teapot, when: {endpoint: create_charge, amount: 1800},
     then: {raw: {status: 418, body: {"message": "I'm a teapot"}}}}
  - {name: plain, when: {endpoint: refund_charge, amount: 300},
     then: {raw: {status: 200, body: "done", content_type: text/plain}}}
"""


@pytest.mark.parametrize(
    ("message", "flow", "scenario", "switched", "expected"),
    [
        (
            "errors as Clover's pages word them",
            CARDS,
            "",
            {"dialect": "documented"},
            [
                (NO_EMAIL, "body.error.doc_url", "extra"),
                (NO_EMAIL, "body.error.param", "extra"),
            ],
        ),
        (
            "what only a mock serves, refused",
            LISTS,
            "",
            {"strict": True},
            [("Look at the token, as Clover's SDKs do", "status", "status")],
        ),
        ("a rule's status", LISTS, RULE_OPERATIONS, {}, [("The sale", "status", "status")]),
        (
            "another rule of returns",
            ORDERS,
            "name: altered\nsettings: {item_return_tip: never}\n",
            {},
            [
                ("Return an item: the tip goes back too", "body.amount_returned", "value"),
                ("The order as it is now", "body.amount_returned", "value"),
                ("The refund that the return made", "body.data[0].amount", "value"),
            ],
        ),
        (
            "what is on an unknown gift card",
            LISTS,
            "name: altered\nsettings: {gift_card_balance: 700}\n",
            {},
            [
                ("All that is on it is paid out", "body.amount", "value"),
                ("All that is on it is paid out", "body.gift_card.previous_balance", "value"),
            ],
        ),
    ],
)
def test_server_with_different_settings_has_drift(
    message: str,
    flow: str,
    scenario: str,
    switched: dict[str, Any],
    expected: list[tuple[str, str, str]],
    held: Comparison,
) -> None:
    cards = "cards:\n" + "".join(
        f'  - {{number: "{number}", outcome: approve}}\n'
        for number in ("4242424242424242", "6011361000006668", "4111111111111111")
    )
    other = parse(f"{scenario}{cards}".encode(), "altered.yaml") if scenario else None
    run = held.run(sender(held.app(other, **switched)), (flow,))
    assert found(run) == [(flow, *each) for each in expected]


def test_missing_credentials_skip_dependent_steps(held: Comparison) -> None:
    credentials = held.app().sandboxes.default.credentials
    given = {"access_token": credentials.access_token, "api_key": credentials.api_key}
    steps = held.share(sender(held.app()), "recurring", given)
    assert [(step.state, step.reason) for step in steps] == [
        ("same", ""),
        *[("skipped", "needs --merchant-id")] * 3,
        ("skipped", "uses the control API of mock-clover"),
        ("skipped", "needs --merchant-id"),
        ("skipped", "uses the control API of mock-clover"),
        *[("skipped", "needs --merchant-id")] * 6,
    ]


@pytest.mark.parametrize(
    ("flow", "expected"),
    [
        ("generating-a-card-token", {}),
        ("accept-payments-flow", {1: "needs a browser and the merchant's consent",
            2: "needs code of step 1", 3: "needs access_token of step 2",
            5: "needs access_token of step 2"}),
        ("lists-and-lookups", {
            2: "only mock-clover supports it", 11: "only mock-clover supports it",
            12: "only mock-clover supports it", 13: "needs one of the merchant's gift cards",
            14: "needs id of step 13"}),
        ("recurring", {
            5: "uses the control API of mock-clover", 7: "uses the control API of mock-clover",
            8: "depends on a skipped step", 12: "depends on a skipped step"}),
    ],
)  # fmt: skip
def test_extension_steps_are_skipped_on_shared_server(
    flow: str, expected: dict[int, str], held: Comparison
) -> None:
    app, sent = held.app(), []

    def send(method: str, url: str, headers: dict[str, str], body: bytes | None) -> Response:
        sent.append(url)
        return send_in_process(app, method, url, headers, body)

    credentials = app.sandboxes.default.credentials
    steps = held.share(send, flow, {each: getattr(credentials, each) for each in CREDENTIALS})
    assert {step.number: step.reason for step in steps if step.state == "skipped"} == expected
    assert not [url for url in sent if CONTROL in url]
    assert len(sent) == len(steps) - len(expected)


def test_a_list_of_a_shared_server_may_have_more_in_it_but_not_less(held: Comparison) -> None:
    app = held.app()
    credentials = app.sandboxes.default.credentials
    given = {each: getattr(credentials, each) for each in CREDENTIALS}
    for _ in range(2):
        held.share(sender(app), LISTS, given)

    def emptied(method: str, url: str, headers: dict[str, str], body: bytes | None) -> Response:
        answer = send_in_process(app, method, url, headers, body)
        if url.endswith("/v1/orders"):
            return answer._replace(body=b'{"object":"list","url":"/v1/orders","data":[]}')
        if "/v1/charges?" in url:
            tree = json.loads(answer.body)
            del next(each for each in tree["data"])["paid"]
            return answer._replace(body=json.dumps(tree).encode())
        return answer

    steps = held.share(emptied, LISTS, given)
    titles = [each.title for each in FLOWS[LISTS].golden.examples]
    assert [
        (titles[step.number - 1], each.path, each.kind)
        for step in steps
        for each in step.differences
    ] == [("All charges of the day", "body.data[0].paid", "missing")]


def test_missing_response_is_drift_and_stops_flow(held: Comparison) -> None:
    app = held.app()

    def send(method: str, url: str, headers: dict[str, str], body: bytes | None) -> Response:
        if url.endswith("/v1/refunds"):
            raise ClientError("the connection was closed")
        return send_in_process(app, method, url, headers, body)

    run = held.run(send, (LISTS,))
    assert found(run) == [(LISTS, "Its refund in part", "status", "no response")]
    assert run.rows()[0].got == "the connection was closed"
    assert {reason for _, _, reason in run.skips()} == {"step 6 got no response"}


def test_the_variables_of_a_flow_are_found_in_its_own_replies() -> None:
    flow = FLOWS[LISTS]
    assert flow.requests[5].body.startswith('{"charge":"{{lists_and_lookups_5_id}}"')
    assert flow.requests[1].path == "/v1/tokens/{{lists_and_lookups_1_id}}"
    assert flow.requests[8].path.startswith("/v1/charges?created.gte={{lists_and_lookups_date_")
    code = FLOWS["oauth-v2"].variables["oauth_v2_1_location_code"]
    assert (code.number, code.path) == (1, "headers.location.code")
    assert FLOWS[CARDS].requests[2].headers["idempotency-key"].startswith("{{save_a_card_key_")


@pytest.mark.parametrize("name", FLOWS)
def test_requests_contain_no_mock_specific_values(name: str) -> None:
    flow, known = FLOWS[name], [*(each.value for each in FLOWS[name].variables.values())]
    for example, request in zip(flow.golden.examples, flow.requests, strict=True):
        text = "\n".join((request.path, *request.headers.values(), request.body))
        assert [value for value in known if len(value) > 11 and value in text] == []
        reply = recorded_reply(example)
        known += [
            str(value)
            for _, value in iter_scalars({"body": reply.body, "headers": reply.headers})
            if is_identifier(value) and value not in flow.client_ids
        ]


def test_dates_and_years_are_shifted_consistently() -> None:
    later = NOW_MS + 400 * 86_400_000
    assert current_dates(FLOWS["recurring"], later)["2025-05-31T08:00:00.000+0000"] == (
        "2026-07-05T08:00:00.000+0000"
    )
    assert current_dates(FLOWS["generating-a-card-token"], later) == {"2021": "2026"}


def test_the_files_are_the_golden_ones() -> None:
    assert [flow.name for flow in flows()] == [file.stem for file in FILES]
    assert (RECORDED_SEED, RECORDED_AT_MS) == (SEED, NOW_MS)
    shipped = (Path(__file__).parents[2] / "pyproject.toml").read_text()
    assert '"tests/golden" = "mock_clover/golden"' in shipped


def test_only_listed_test_cards_are_sent(held: Comparison) -> None:
    flow = FLOWS["accept-payments-flow"]
    request = flow.requests[3]
    other = request._replace(body=request.body.replace("6011361000006668", "4532015112830366"))
    forged = flow._replace(requests=(*flow.requests[:3], other, *flow.requests[4:]))
    sent: list[bytes | None] = []
    app = held.app()

    def send(method: str, url: str, headers: dict[str, str], body: bytes | None) -> Response:
        sent.append(body)
        return send_in_process(app, method, url, headers, body)

    place = create_target(ROOT, send, "forged")
    steps = list(run_flow(forged, place, send, *held.rehearsal.prepare(forged, place)))
    assert steps[3].reason == "its card number is not a listed test card"
    assert not [body for body in sent if body and b"4532015112830366" in body]


LEAKS = Modification(
    "secrets where none belong",
    "oauth-v2",
    "POST /oauth/v2/token",
    lambda tree: tree
    | {
        "access_token": "an-unheard-of-secret",
        "note": f"key {tree.get('refresh_token', '')} card 4242 4242 4242 4242",
    },
    [
        ("Exchange the code for a pair of tokens", "body.access_token", "format"),
        ("Exchange the code for a pair of tokens", "body.note", "extra"),
    ],
)  # fmt: skip


def test_a_report_shows_no_secret_and_no_card(held: Comparison) -> None:
    app = held.app()
    run = held.run(altered(app, LEAKS), ("oauth-v2", LISTS))
    assert found(run)[:2] == [("oauth-v2", *each) for each in LEAKS.expected]

    def leaking(method: str, url: str, headers: dict[str, str], body: bytes | None) -> Response:
        answer = send_in_process(app, method, url, headers, body)
        if b"email_invalid" not in answer.body:
            return answer
        token = headers["authorization"].removeprefix("Bearer ")
        said = f"{token} clvroar-{'0a' * 16} 4242 4242 4242 4242"
        tree = put("error.message", said)(json.loads(answer.body))
        tree["error"][f"{said}\n| forged | row"] = said
        return answer._replace(body=json.dumps(tree).encode())

    second = held.run(leaking, (CARDS,))
    texts = [
        write(each) for each in (run, second) for write in (report.as_json, report.as_markdown)
    ]
    texts += [json.dumps(report.difference_rows(each)) for each in (run, second)]
    secrets = [*run.secrets, *second.secrets, "an-unheard-of-secret", "clvroar-0a0a", "4242 4242"]
    for text in texts:
        assert [secret for secret in secrets if secret in text] == []
        assert not re.search(r"eyJ[\w-]+\.|clvroar-[0-9a-f]{32}", text)
        assert "\n| forged" not in text
    assert "error.[credential] [a refresh token] [card ...4242]" in second.rows()[1].path
    assert second.rows()[0].got == '"[credential] [a refresh token] [card ...4242]"'


def test_row_has_location_and_evidence(held: Comparison) -> None:
    change = Modification("", "accept-payments-flow", SALE, put("ref_num", None), [])
    run = held.run(altered(held.app(), change), (change.flow,))
    assert report.difference_rows(run) == [
        {
            "flow": "accept-payments-flow",
            "step": 5,
            "path": "body.ref_num",
            "kind": "missing",
            "expected": "a 12-digit reference number",
            "got": "(absent)",
            "evidence": "documented",
        }
    ]
    result = json.loads(report.as_json(run))
    assert result["steps"] == {"different": 1, "same": 4}
    assert result["differences"][0]["operation"] == "create_charge"
    assert result["flows"]["accept-payments-flow"][4]["request"] == "POST /v1/charges"
    assert "| accept-payments-flow | 5 Pay with the tokenized card | `body.ref_num` |" in (
        report.as_markdown(run)
    )


@pytest.mark.system
@pytest.mark.parametrize(
    "url",
    [
        "https://scl.clover.com",
        "https://www.clover.com/",
        "http://API.Clover.COM:8080",
        "https://token.clover.com.",
        "https://api.eu.clover.com",
        "https://clover.com",
        "https://scl-sandbox.dev.clover.com@scl.clover.com",
        "https://127.0.0.1@scl.clover.com:443",
        "https://SCL.clover.com..",
        *(f"https://scl{dot}clover{dot}com" for dot in "\u3002\uff0e\uff61"),
        "https://scl.clover.com\u3002",
        "https://scl.\uff43\uff4c\uff4f\uff56\uff45\uff52.com",  # full-width letters
        "https://scl.clo\xadver.com",  # a soft hyphen, which IDNA drops
        "https://scl.clo\u200bver.com",
        "https://scl.clo\tver.com",
        "https://scl%2eclover%2ecom",
        "https://scl.clov%65r.com",
        "https://scl.clover.com\\@127.0.0.1",
        "https://scl.clover.com\\.example.com",
        "https://scl.clover.com\x00",
        "ftp://127.0.0.1",
        "127.0.0.1:4242",
        "http://127.0.0.1:4242/?a=b",
        "http://127.0.0.1:port",
    ],
)
def test_production_hosts_and_invalid_urls_are_rejected(url: str) -> None:
    with pytest.raises(AddressError):
        validate_url(url)
    for option in ("--against", "--tokens-url"):
        args = ["--against", "http://127.0.0.1:1", "--control", option, url]
        completed = run_cli("conformance", *args)
        assert (completed.code, completed.stdout) == (2, "")
        assert len(completed.stderr.splitlines()) == 1


def test_the_hosts_of_the_real_sandbox_are_known() -> None:
    none: Any = {}
    urls = service_urls("https://scl-sandbox.dev.clover.com", none)
    paths = {path: urls[service_of(path)] for endpoint in SURFACE if (path := endpoint.path)}
    assert paths["/v1/charges"] == "https://scl-sandbox.dev.clover.com"
    assert paths["/v1/tokens"] == "https://token-sandbox.dev.clover.com"
    assert paths["/oauth/token"] == paths["/oauth/v2/authorize"] == "https://sandbox.dev.clover.com"
    assert paths["/oauth/v2/token"] == paths["/oauth/token/migrate_v2"]
    assert paths["/oauth/v2/token"] == "https://apisandbox.dev.clover.com"
    assert paths["/recurring/v1/plans"] == "https://sandbox.dev.clover.com"
    given: Any = {"tokens": "http://127.0.0.1:1/"}
    assert service_urls("http://127.0.0.1:2/sandbox/a/", given) == {
        **dict.fromkeys(urls, "http://127.0.0.1:2/sandbox/a"),
        "tokens": "http://127.0.0.1:1",
    }
    assert server_root("http://127.0.0.1:2/sandbox/a/") == "http://127.0.0.1:2"
    check_rate(1000, service_urls("http://127.0.0.1:2", none))
    with pytest.raises(AddressError):
        check_rate(17, urls)


def test_requests_are_sequential_and_honor_retry_after() -> None:
    waits: list[float] = []
    answers = [
        Response(200, {}, b""),
        Response(429, {"retry-after": "3"}, b""),
        Response(200, {}, b"done"),
        Response(429, {"retry-after": "3600"}, b""),
    ]
    send = RateLimitedSender(lambda *_: answers.pop(0), 2, waits.append)
    assert send("GET", "/", {}, None).status == 200
    assert waits == []
    assert send("GET", "/", {}, None).body == b"done"
    assert waits[1] == 3
    assert all(0.4 < wait <= 0.5 for wait in (waits[0], waits[2]))
    assert send("GET", "/", {}, None).status == 429, "it does not wait an hour"


def invoke(*args: str, **environment: str) -> Any:
    cleared = {f"CLOVER_{name.upper()}": None for name in CREDENTIALS}
    return run_cli("conformance", *args, **{**cleared, **environment})


@pytest.mark.system
def test_the_command_finds_no_drift_in_a_real_server(
    shared_server: ServerProcess, tmp_path: Path
) -> None:
    page, tree = tmp_path / "report.md", tmp_path / "report.json"
    for file in (page, tree):
        args = ("--against", f"{shared_server.url}/", "--rate", "1000", "--report", str(file))
        completed = invoke(*args)
        assert (completed.code, completed.stdout) == (0, ""), completed.stderr
    assert f"[1/{len(FLOWS)}] accept-payments-flow: no differences\n" in completed.stderr
    result = json.loads(tree.read_text())
    assert (result["differences"], result["steps"].get("different")) == ([], None)
    assert list(result["flows"]) == list(FLOWS)
    assert f"{result['steps']['same']} steps match, 0 differ" in page.read_text()
    answer = send_request("GET", f"{shared_server.url}/_mock/sandboxes", {}, None)
    names = {each["name"] for each in json.loads(answer.body)["data"]}
    assert not [name for name in names if name.startswith("conformance-")]


def test_command_reports_drift_of_other_dialect(shared_server: ServerProcess) -> None:
    created = send_request(
        "PUT", f"{shared_server.url}/_mock/sandboxes/drifts", {}, b'{"dialect":"documented"}'
    )
    known = json.loads(created.body)
    given = {f"CLOVER_{name.upper()}": known[name] for name in CREDENTIALS}
    args = ("--against", f"{shared_server.url}/sandbox/drifts", "--rate", "1000", "--only", CARDS)
    result = invoke(*args, "--json", **given)
    assert result.code == 1
    rows = json.loads(result.stdout)
    assert [(row["step"], row["path"]) for row in rows] == [
        (12, "body.error.doc_url"),
        (12, "body.error.param"),
    ]
    assert re.search(
        r"^save-a-card  12 +body.error.param +extra ", invoke(*args, **given).stdout, re.MULTILINE
    )


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ([], "--against URL is required"),
        (["--against", "http://127.0.0.1:1"], "http://127.0.0.1:1: "),
        (["--against", "http://127.0.0.1:1", "--api-key", "x"], "no response: "),
        (["--against", "http://127.0.0.1:1", "--only", "save"], "unknown flow 'save'"),
        (["--report", "report.txt"], "must be a .json or .md file"),
        (["--report", "no/report.md"], "must be a .json or .md file in an existing directory"),
        (["--rate", "0"], "'--rate'"),
        (
            ["--against", "https://scl-sandbox.dev.clover.com", "--rate", "50"],
            "limit of 16 requests",
        ),
    ],
)
def test_invalid_options_fail_immediately(args: list[str], message: str) -> None:
    result = invoke(*args)
    assert (result.code, result.stdout) == (2, "")
    assert message in result.stderr


def test_server_without_control_api_needs_credentials(
    start_server: Callable[..., ServerProcess],
) -> None:
    server = start_server("--no-control")
    assert not has_control(server.url, send_request, {})
    result = invoke("--against", server.url)
    assert result.code == 2
    assert "set --access-token and --api-key" in result.stderr


def test_the_flows_are_listed() -> None:
    result = json.loads(invoke("--list", "--json").stdout)
    assert [(row["name"], row["steps"]) for row in result] == [
        (name, len(flow.requests)) for name, flow in FLOWS.items()
    ]
