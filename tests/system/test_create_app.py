"""`create_app` on ASGI, in process: routes, lifespan, mounting, faults and settings."""

import asyncio
import contextlib
import gc
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, NoMatchFound, Route

import mock_clover
from mock_clover.clover.surface import SURFACE
from mock_clover.sandbox.keys import KeyRing

pytestmark = [  # warnings about TestClient itself, of the newest versions and of the oldest
    pytest.mark.filterwarnings("ignore:.*install `httpx2`"),
    pytest.mark.filterwarnings("ignore:.*BlockingPortal alias"),
]


@pytest.fixture
def app(keys: KeyRing) -> Starlette:
    return mock_clover.create_app(seed="tests", keys=keys)


def client_of(app: Starlette) -> Any:
    from starlette.testclient import TestClient  # may warn, see above

    return TestClient(app, follow_redirects=False)


def test_every_operation_is_a_route(app: Starlette) -> None:
    routes = {
        (method, route.path, route.name)
        for route in app.routes
        for method in getattr(route, "methods", ())
    }
    assert {
        (each.method, path, each.name)
        for each in SURFACE
        for path in (each.path, each.path_alias)
        if path
    } <= routes
    assert {
        ("GET", "/", "root"),
        ("HEAD", "/", "root"),
        ("PUT", "/_mock/clock", "put_clock"),
        ("GET", "/sdk.js", "asset:sdk.js"),
    } <= routes
    assert repr(app.routes[1]) == "<ListedRoute GET|HEAD /oauth/authorize authorize>"


def test_paths_are_made_from_names(app: Starlette) -> None:
    assert app.url_path_for("get_charge", charge_id="A/B") == "/v1/charges/A%2FB"
    assert app.url_path_for("list_charges") == "/v1/charges"
    for name, ids in (("get_charge", {}), ("list_charges", {"charge_id": "A"}), ("unknown", {})):
        with pytest.raises(NoMatchFound):
            app.url_path_for(name, **ids)


@pytest.mark.parametrize(
    ("method", "path", "status", "message"),
    [
        ("GET", "/", 200, b"mock-clover"),
        ("HEAD", "/", 200, b""),
        ("POST", "/", 405, b"405 POST not allowed."),
        ("GET", "/v1/charges", 401, b"401 Unauthorized"),
        ("GET", "/v1/charges/", 401, b"401 Unauthorized"),
        ("DELETE", "/v1/charges", 405, b"405 DELETE not allowed."),
        ("OPTIONS", "/v1/tokens", 200, b""),
        ("GET", "/v1/unknown", 404, b"404 Not Found"),
        ("GET", "/sandbox/other/_mock/clock", 200, b"now_ms"),
        ("GET", "/_mock/", 200, b"<!DOCTYPE html>"),
    ],
)
def test_testclient(app: Starlette, method: str, path: str, status: int, message: bytes) -> None:
    got = client_of(app).request(method, path)
    assert (got.status_code, message in got.content) == (status, True)


def test_lifespan_runs_and_ends_background_jobs(app: Starlette) -> None:
    async def tasks() -> list[asyncio.Task[Any]]:
        return [task for task in asyncio.all_tasks() if "run_periodic_tasks" in repr(task)]

    with client_of(app) as client:
        assert client.get("/readyz").json()["status"] == "ready"
        (background,) = client.portal.call(tasks)
        assert not background.done()
    assert background.cancelled()


def test_asgi_transport(app: Starlette) -> None:
    async def pay() -> tuple[int, Any]:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://clover.test") as client:
            info = (await client.get("/_mock/sandboxes/default")).json()
            card = {"number": "4242424242424242", "exp_month": "12", "exp_year": "2030"}
            apikey = {"apikey": info["api_key"]}
            token = (await client.post("/v1/tokens", json={"card": card}, headers=apikey)).json()
            body = {"amount": 1800, "currency": "usd", "source": token["id"]}
            bearer = {"authorization": f"Bearer {info['access_token']}"}
            charge = await client.post("/v1/charges", json=body, headers=bearer)
            return charge.status_code, charge.json()["amount"]

    assert asyncio.run(pay()) == (200, 1800)
    gc.collect()  # a task or a socket that is left over would warn, and warnings are errors


# Mounting ----------------------------------------------------------------------------------------


@contextlib.contextmanager
def mounted(app: Starlette) -> Iterator[Any]:
    async def home(_: Any) -> PlainTextResponse:
        return PlainTextResponse("shop")

    shop = Starlette(routes=[Route("/", home), Mount("/clover", app)])
    yield client_of(shop)


def test_links_have_the_root_path(app: Starlette) -> None:
    with mounted(app) as client:
        assert client.get("/").text == "shop"
        info = client.put("/clover/_mock/sandboxes/one", json={}).json()
        assert info["base_url"] == "http://testserver/clover/sandbox/one"
        assert "/clover/_mock/openapi.json" in client.get("/clover/").text
        bearer = {"authorization": f"Bearer {info['access_token']}"}
        cart = {"lineItems": [{"name": "Tea", "price": 500, "unitQty": 1}]}
        created = client.post(
            "/clover/sandbox/one/invoicingcheckoutservice/v1/checkouts",
            json={"customer": {}, "shoppingCart": cart},
            headers=bearer | {"x-clover-merchant-id": info["merchant_id"]},
        ).json()
        assert created["href"].startswith("http://testserver/clover/sandbox/one/")
        assert client.get(created["href"]).status_code == 200
        query = {"client_id": info["client_id"], "response_type": "code"}
        agreed = client.get("/clover/sandbox/one/oauth/authorize", params=query)
        assert agreed.headers["location"].startswith("http://testserver/clover/?")
        page = client.get("/clover/_mock/").text
        assert 'src="/clover/_mock/static/main.js"' in page
        assert client.get("/clover/_mock/static/main.js").status_code == 200


@pytest.mark.parametrize(
    ("path", "root_path", "more"),
    [
        ("/clover/livez", "/clover", {}),  # uvicorn --root-path, a mount
        ("/livez", "/clover", {}),  # hypercorn --root-path
        ("/clover/livez", "/api/clover", {"app_root_path": "/api"}),  # a proxy cuts /api off
        ("/livez", "/clover/", {}),
        ("/livez", "", {}),
    ],
)
def test_root_path_is_optional_in_the_path(
    app: Starlette, path: str, root_path: str, more: dict[str, str]
) -> None:
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "http_version": "1.1", "method": "GET", "path": path}
    scope |= {"root_path": root_path, "query_string": b"", "headers": []}
    asyncio.run(app(scope | more, receive, send))
    assert sent[0]["status"] == 200


# Faults ------------------------------------------------------------------------------------------

OBSTACLE = "requires `mock-clover serve`"


def test_socket_faults_are_rejected(app: Starlette) -> None:
    client = client_of(app)
    bearer = client.get("/_mock/sandboxes/default").json()["access_token"]
    broken = {"name": "x", "faults": [{"kind": "hang"}]}
    ruled = {"name": "x", "rules": [{"then": {"fault": {"kind": "garbage"}}}]}
    headers = {"authorization": f"Bearer {bearer}", "x-mock-clover-fault": "truncate"}
    snapshot = client.get("/_mock/snapshot").json()
    snapshot["faults"] = [{"id": "fault-1", "fault": {"kind": "drop"}}]
    for got in (
        client.post("/_mock/faults", json={"kind": "drop"}),
        client.put("/_mock/scenario", json=broken),
        client.put("/_mock/scenario", json={"name": "flaky-network"}),
        client.put("/_mock/sandboxes/x", json={"scenario": ruled}),
        client.get("/v1/charges", headers=headers),
        client.put("/_mock/snapshot", json=snapshot),
    ):
        assert (got.status_code, OBSTACLE in got.text) == (400, True), got.text
    kinds = [each["kind"] for each in client.get("/_mock/env").json()["faults"]]
    assert kinds == ["delay", "problem", "dribble"]


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ({"kind": "delay", "delay_ms": 1}, 200),
        ({"kind": "delay", "delay_ms": 1, "when": "after_commit"}, 200),
        ({"kind": "problem", "problem": "RATE_LIMITED"}, 429),
        ({"kind": "dribble", "when": "after_commit"}, 200),
    ],
)
def test_other_faults_apply(app: Starlette, fault: dict[str, Any], status: int) -> None:
    client = client_of(app)
    bearer = client.get("/_mock/sandboxes/default").json()["access_token"]
    assert client.post("/_mock/faults", json=fault).status_code == 200
    got = client.get("/v1/charges", headers={"authorization": f"Bearer {bearer}"})
    assert got.status_code == status
    assert got.json()


def test_a_delay_can_be_cancelled(app: Starlette) -> None:
    """The caller's own time limit ends a request that a fault delays."""

    async def send() -> None:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            await client.post("/_mock/faults", json={"kind": "delay", "delay_ms": 600_000})
            bearer = (await client.get("/_mock/sandboxes/default")).json()["access_token"]
            async with asyncio.timeout(0.01):
                await client.get("/v1/charges", headers={"authorization": f"Bearer {bearer}"})

    with pytest.raises(TimeoutError):
        asyncio.run(send())


# Settings ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "kind", "message"),
    [
        ({"dialct": "observed"}, TypeError, "no setting `dialct`; did you mean `dialect`?"),
        ({"dialect": "observd"}, ValueError, "dialect: .*did you mean `observed`?"),
        ({"strict": "yes"}, ValueError, "strict: Expected `bool`, got `str`"),
        ({"allow_inferred": ["X"]}, ValueError, "allow_inferred.*unknown behaviour"),
        ({"scenario": "declined"}, ValueError, "unknown scenario 'declined'; did you mean"),
        ({"scenario": {"name": "x", "rule": []}}, ValueError, "scenario: .*did you mean `rules`?"),
        ({"scenario": "flaky-network"}, ValueError, OBSTACLE),
        ({"control_token": ""}, ValueError, "control token must not be empty"),
    ],
)
def test_wrong_arguments(given: dict[str, Any], kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        mock_clover.create_app(**given)


def test_settings_take_precedence_over_the_scenario(keys: KeyRing) -> None:
    scenario = {"name": "x", "settings": {"strict": True, "dialect": "documented"}}
    app = mock_clover.create_app(
        scenario,
        keys=keys,
        dialect="observed",
        strict=None,
        permissions=["online_payments"],
        checkout={"dashboard": {"success": "http://shop.test/paid"}},
    )
    settings = app.state.mock_clover.sandboxes.default.settings
    assert (settings.dialect, settings.strict) == ("observed", True)
    assert settings.permissions == ("online_payments",)
    assert settings.checkout.dashboard.success == "http://shop.test/paid"
