"""The how-to pages are correct: their code runs and prints what they show."""

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
import yaml

from mock_clover.cli.base import DEFAULT_SEED
from mock_clover.cli.serve import serve as serve_command
from mock_clover.clover.common.hosts import HOSTS, NAMES
from mock_clover.clover.surface import OPERATIONS
from mock_clover.sandbox.credentials import derive_credentials
from mock_clover.scenario.load import parse
from mock_clover.server.tls.store import CERTIFICATE
from tests.clients.toolbox import plain_environment
from tests.command_line import run_cli
from tests.in_process import SEED
from tests.raw_http import COMMAND_TIMEOUT_S, TIMEOUT_S
from tests.server_process import ServerProcess
from tests.test_docs import NOT_RUN

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [DOCS / "testing.md", DOCS / "tutorial.md", *sorted((DOCS / "howto").glob("*.md"))]
BIN = Path(sys.executable).parent
NODE_MAJOR_MIN = 20

# By its name, also if the installed metadata is older than the entry point.
PLUGINS = ["-pno:mock-clover", "-pmock_clover.testing", "-pno:schemathesis"]

needs_openssl = pytest.mark.skipif(not shutil.which("openssl"), reason="the commands use openssl")
needs_curl = pytest.mark.skipif(not shutil.which("curl"), reason="the commands use curl")


def blocks(page: str, language: str) -> list[str]:
    """Return the blocks of a page in a language, without those marked `Not run here`."""
    text = NOT_RUN.sub("", (DOCS / page).read_text())
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL)
    return [textwrap.dedent(block) for _, block in found]


def run(command: list[str], folder: Path, server: ServerProcess | None) -> str:
    result = {"MOCK_CLOVER_URL": server.url, "MOCK_CLOVER_SEED": SEED} if server else {}
    completed = subprocess.run(
        command,
        cwd=folder,
        env=plain_environment() | {"PATH": f"{BIN}:{os.environ['PATH']}"} | result,
        capture_output=True,
        text=True,
        check=False,
        timeout=COMMAND_TIMEOUT_S,
    )
    assert completed.returncode == 0, completed.stdout + completed.stderr
    return completed.stdout


def objects(text: str) -> list[Any]:
    """Return the JSON objects in a text."""
    decoder, found, at = json.JSONDecoder(), [], text.find("{")
    while at >= 0:
        value, end = decoder.raw_decode(text, at)
        found.append(value)
        at = text.find("{", end)
    return found


def test_the_examples_for_pytest_pass(tmp_path: Path) -> None:
    pages = ("testing.md", "howto/oauth.md", "howto/hosted-checkout.md")
    found = (each for page in pages for each in blocks(page, "python"))
    for number, block in enumerate(each for each in found if "playwright" not in each):
        (tmp_path / f"test_page_{number}.py").write_text(block)
    run_pytest(tmp_path)


def test_the_examples_of_the_page_on_asgi_pass(tmp_path: Path) -> None:
    for number, block in enumerate(blocks("howto/asgi.md", "python")):
        (tmp_path / f"test_page_{number}.py").write_text(block)
    run_pytest(tmp_path, "-W", "ignore:Using `httpx` with")  # newer versions of Starlette warn


def test_the_tutorial_passes_at_each_step(tmp_path: Path) -> None:
    """Each block replaces its file; the last test file fails until the last block."""
    assert blocks("tutorial.md", "sh") == ["pytest\n"]
    steps = {
        ("shop.py", "test_shop.py"): pytest.ExitCode.OK,
        ("shop.py", "test_declines.py", "test_lost_replies.py"): pytest.ExitCode.INTERRUPTED,
        ("shop.py",): pytest.ExitCode.OK,
    }
    pending = iter(blocks("tutorial.md", "python"))
    for names, expected in steps.items():
        for name, block in zip(names, pending, strict=False):
            assert block.startswith(f"# {name}\n")
            (tmp_path / name).write_text(block)
        completed = subprocess.run(
            [sys.executable, "-m", "pytest", "-W", "error", *PLUGINS, "--rootdir", str(tmp_path)],
            cwd=tmp_path,
            env=plain_environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=COMMAND_TIMEOUT_S,
        )
        assert completed.returncode == expected, completed.stdout
    assert list(pending) == []


@pytest.mark.parametrize("page", ["howto/wire-it-in.md", "howto/real-sandbox.md"])
def test_the_examples_for_applications_pass(page: str, tmp_path: Path) -> None:
    for block in blocks(page, "python"):
        (tmp_path / block.partition("\n")[0].removeprefix("# ")).write_text(block)
    run_pytest(tmp_path, "-W", "ignore:Using `httpx` with")  # newer versions of Starlette warn


def run_pytest(folder: Path, *options: str) -> None:
    """Run the tests of a folder as a separate project."""
    command = [sys.executable, "-m", "pytest", "-W", "error", *options, "-q", *PLUGINS]
    assert "failed" not in run([*command, "--rootdir", str(folder)], folder, None)


def test_fixture_members_are_documented() -> None:
    from mock_clover.testing import MockClover

    text = (DOCS / "testing.md").read_text()
    for name in dir(MockClover):
        if name.startswith("_") or name == "create":
            continue
        assert re.search(rf"`{name}\b", text), name


@needs_curl
def test_the_shells_page_runs(tmp_path: Path, shared_server: ServerProcess) -> None:
    script = "\n".join(blocks("howto/curl.md", "sh"))
    out = run(["bash", "-euo", "pipefail", "-c", script], tmp_path, shared_server)
    fault, charge, *nexts, clock, twice, never, journal, why, limited, dropped = objects(out)
    assert fault["left"] == 1
    assert [each.get("id") for each in nexts] == ["next-1", "next-2", None, None]
    assert nexts[-1] == {"cleared": 2}
    assert "no response: curl exit code " in out
    assert charge["amount"] == 1800
    assert [due["id"] for due in clock["fired"]] == [charge["id"]]
    assert twice == {"verified": True, "count": 2}
    assert never == {"verified": True, "count": 0}
    assert [entry["idempotency"] for entry in journal["data"]] == ["replayed"]
    assert why["status"] == 400
    assert limited["message"] == "429 Too Many Requests"
    assert dropped == {"dropped": "checkout-7"}


@needs_curl
def test_the_page_of_3_d_secure_runs(tmp_path: Path, shared_server: ServerProcess) -> None:
    script = "\n".join(blocks("howto/three-d-secure.md", "sh"))
    out = run(["bash", "-euo", "pipefail", "-c", script], tmp_path, shared_server)
    pending, listed, answered, paid, refused = objects(out)
    assert (pending["status"], paid["status"]) == ("pending", "succeeded")
    assert [each["charge"] for each in listed["data"]] == [pending["id"]] == [paid["id"]]
    assert answered["result"] == "approve"
    assert paid["threeds"]["validation_result"] == "AUTHENTICATION_SUCCESSFUL"
    assert refused["error"]["declineCode"] == "authentication_failed"
    (text,) = blocks("howto/three-d-secure.md", "yaml")
    assert len(parse(text.encode(), "three-d-secure.md", OPERATIONS).rules) == 2


@needs_curl
def test_the_faults_of_the_browsers_page_are_made(tmp_path: Path, start_server: Any) -> None:
    script = "\n".join(blocks("howto/browser.md", "sh"))
    out = run(["bash", "-euo", "pipefail", "-c", script], tmp_path, start_server())
    late, lost, none = objects(out)
    assert (late["fault"]["kind"], late["left"]) == ("delay", 1)
    assert (lost["fault"]["kind"], lost["fault"]["endpoint"]) == ("drop", "create_token")
    assert none == {"cleared": 2}


@needs_curl
def test_the_page_of_instruments_runs(tmp_path: Path, shared_server: ServerProcess) -> None:
    script = "\n".join(blocks("howto/instruments.md", "sh"))
    out = run(["bash", "-euo", "pipefail", "-c", script], tmp_path, shared_server)
    activated, inquiry, captured, low, virtual, debit, clock, settled = objects(out)
    assert activated["gift_card"]["new_balance"] == 2000
    assert inquiry["gift_card"]["lock_amount"] == 500
    assert (captured["amount_captured"], captured["gift_card"]["new_balance"]) == (300, 1700)
    assert (low["amount"], "warning_message" in low) == (1700, True)
    assert len(virtual["gift_card"]["number"]) == 16
    assert [due["kind"] for due in clock["fired"]] == ["debit_settled"]
    assert [each["status"] for each in (debit, settled)] == ["pending", "succeeded"]
    (text,) = blocks("howto/instruments.md", "yaml")
    assert len(parse(text.encode(), "instruments.md", OPERATIONS).rules) == 2


@needs_curl
def test_the_page_of_conformance_runs(tmp_path: Path, shared_server: ServerProcess) -> None:
    script = "\n".join(blocks("howto/conformance.md", "sh"))
    out = run(["bash", "-euo", "pipefail", "-c", script], tmp_path, shared_server)
    (printed,) = blocks("howto/conformance.md", "text")
    assert out.endswith(f"{printed}exit code 1\n")
    assert "0 differ" in (tmp_path / "report.md").read_text()
    assert len(json.loads((tmp_path / "report.json").read_text())["differences"]) == 2


@needs_curl
def test_the_page_of_capsules_runs(tmp_path: Path, shared_server: ServerProcess) -> None:
    script = "\n".join(blocks("howto/capsule.md", "sh"))
    out = run(["bash", "-euo", "pipefail", "-c", script], tmp_path, shared_server)
    (printed,) = blocks("howto/capsule.md", "text")
    assert out == f"{printed}exit code 1\n"


@needs_curl
def test_the_page_of_oauth_runs(tmp_path: Path, shared_server: ServerProcess) -> None:
    script = "\n".join(blocks("howto/oauth.md", "sh"))
    out = run(["bash", "-euo", "pipefail", "-c", script], tmp_path, shared_server)
    read, clock, expired, renewed, recovered = objects(out)
    assert read == {"object": "list", "url": "/v1/charges", "data": []}
    assert clock["fired"] == []
    assert expired == {"message": "401 Unauthorized"}
    assert (
        "(the refresh token has been used; if its response was lost, POST /oauth/v2/recovery)"
        in out
    )
    assert "X-Clover-Recovery-Available: true" in out
    (pressed,) = blocks("howto/oauth.md", "text")
    assert re.sub(r"(_id|code)=[^&]+", r"\1=…", pressed) in re.sub(
        r"(_id|code)=[^&]+", r"\1=…", out
    )
    assert list(recovered) == list(renewed)
    assert recovered["refresh_token"] != renewed["refresh_token"]


@needs_curl
def test_the_page_of_plans_and_subscriptions_runs(
    tmp_path: Path, shared_server: ServerProcess
) -> None:
    script = "\n".join(blocks("howto/recurring.md", "sh"))
    out = run(["bash", "-euo", "pipefail", "-c", script], tmp_path, shared_server)
    _, subscription, year, charges, paid, broke, later, listed, notices, dropped = objects(out)
    assert subscription["total"] == 999
    ran = [due for due in year["fired"] if due["kind"] == "subscription_run"]
    assert [due["id"] for due in ran] == [subscription["id"]] * len(ran)
    assert {each["status"] for each in charges["data"]} == {"succeeded"}
    assert len(charges["data"]) == 13
    assert paid == {"verified": True, "count": 13}
    assert broke["rules"] == ["broke: rule 1 (inferred)"]
    ran = [due for due in later["fired"] if due["kind"] == "subscription_run"]
    assert len(ran) == len(notices["data"]) == 5
    assert (listed["id"], listed["active"]) == (subscription["id"], False)
    assert "Insufficient funds" in notices["data"][0]["text"]
    assert dropped == {"dropped": "gym-7"}


@needs_curl
def test_the_platforms_page_runs(tmp_path: Path, shared_server: ServerProcess) -> None:
    script = "\n".join(blocks("howto/platform-v3.md", "sh"))
    out = run(["bash", "-euo", "pipefail", "-c", script], tmp_path, shared_server)
    assert "405 PUT not allowed." in out
    *page, cash = objects(out)
    tax, first, second, order, back, refunds, payments, customer, missing, configs = page
    assert tax["isDefault"] is True
    assert (first["amount_paid"], second["amount_paid"], second["status"]) == (980, 1980, "paid")
    paid = order["payments"]["elements"]
    assert [(each["amount"], each["taxAmount"]) for each in paid] == [(980, 89), (1000, 91)]
    assert (order["paymentState"], order["title"]) == ("PAID", "Online Store - 7")
    assert back["amount_returned"] == 2080
    assert [each["amount"] for each in refunds["elements"]] == [1100, 980]
    (payment,) = payments["elements"]
    assert payment["cardTransaction"]["last4"] == "4242"
    (card,) = customer["cards"]["elements"]
    assert (customer["firstName"], card["expirationDate"]) == ("Jo", "1249")
    assert missing == {"message": "Not Found", "details": "Order not found"}
    assert configs["surcharging"]["supported"] is False
    assert (cash["amount"], cash["result"]) == (900, "SUCCESS")


def test_nodes_page_runs(tmp_path: Path, shared_server: ServerProcess) -> None:
    node = shutil.which("node")
    result = subprocess.check_output([node, "--version"], text=True) if node else "v0"
    if int(result[1:].partition(".")[0]) < NODE_MAJOR_MIN:
        if os.environ.get("MOCK_CLOVER_TEST_CLIENTS") == "required":
            pytest.fail(f"clients are required: there is no node {NODE_MAJOR_MIN} or later")
        pytest.skip(f"there is no node {NODE_MAJOR_MIN} or later")
    for block in blocks("howto/node.md", "js"):
        name = block.partition("\n")[0].removeprefix("// ")
        (tmp_path / name).write_text(block)
    (script,) = blocks("howto/node.md", "sh")
    out = run(["bash", "-c", script], tmp_path, shared_server)
    assert re.search(r"^. pass 3$", out, re.MULTILINE), out
    assert re.search(r"^. fail 0$", out, re.MULTILINE), out


@needs_curl
def test_the_page_of_webhooks_runs(tmp_path: Path, shared_server: ServerProcess) -> None:
    (receiver,) = blocks("howto/webhooks.md", "python")
    (tmp_path / "receiver.py").write_text(receiver)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    script = "\n".join((f"HOOK_PORT={port}", *blocks("howto/webhooks.md", "sh")))
    out = objects(run(["bash", "-euo", "pipefail", "-c", script], tmp_path, shared_server))
    lists = [each["data"] for each in out if "data" in each]
    states = [[delivery["state"] for delivery in each] for each in lists]
    assert states == [
        ["delivered"],  # the code
        *(["waiting"], ["waiting"], ["delivered"]),
        *(["under_way"], ["under_way"]),  # sent by hand
        ["delivered", "waiting"],  # whose signature is wrong
        ["delivered", "delivered"],
    ]
    assert [each["status"] for each in lists[3][0]["attempts"]] == [500, 500, 200]
    fired = [[due["kind"] for due in each["fired"]] for each in out if "fired" in each]
    assert fired == [[], ["webhook_due"], ["webhook_due"]]
    seen = objects((tmp_path / "seen.txt").read_text())
    assert [each["answered"] for each in seen] == [200, 500, 500, 200, 200, 401, 200, 401, 200, 200]
    late = [next(iter(each["event"]["merchants"].values()))[0]["type"] for each in seen[-2:]]
    assert late == ["UPDATE", "CREATE"]


@needs_curl
def test_the_page_of_the_hosted_checkout_runs(tmp_path: Path, shared_server: ServerProcess) -> None:
    script = "\n".join(blocks("howto/hosted-checkout.md", "sh"))
    out = run(["bash", "-euo", "pipefail", "-c", script], tmp_path, shared_server)
    (answer,) = blocks("howto/hosted-checkout.md", "json")
    statuses, tips = blocks("howto/hosted-checkout.md", "text")
    created, declined, paid, cancelled, clock, listed = objects(out)
    assert list(created) == list(json.loads(answer))
    path = created["href"].removeprefix(shared_server.url)
    assert f"4242{path.replace(created['checkoutSessionId'], '…')}" in answer
    codes = [line.strip() for line in out.splitlines() if re.match(r"\d{3}( |$)", line)]
    assert codes == [*map(str.strip, statuses.splitlines()), *tips.splitlines()[:3], "410"]
    assert f"\n{tips}" in out
    assert [each["result"] for each in (declined, paid)] == ["declined", "approved"]
    assert (paid["location"], cancelled["location"]) == (
        "http://localhost:3000/paid",
        "http://localhost:3000/cart",
    )
    assert clock["fired"] == []
    assert [each["state"] for each in listed["data"]] == ["expired"]


def test_hosted_checkout_page_lists_all_settings() -> None:
    from mock_clover.clover.checkout.records_settings import CheckoutSettings

    text = (DOCS / "howto/hosted-checkout.md").read_text()
    named = re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)
    assert tuple(named) == CheckoutSettings.__struct_fields__


def test_the_scenario_of_the_page_of_webhooks_is_one() -> None:
    (text,) = blocks("howto/webhooks.md", "yaml")
    scenario = parse(text.encode(), "webhooks.md", OPERATIONS)
    assert [target.id for target in scenario.webhooks] == ["shop", "checkout"]


def test_every_call_of_the_page_for_any_language_is_answered(shared_server: ServerProcess) -> None:
    base_url, answers = "", []
    for block in blocks("howto/any-language.md", "http"):
        head, _, body = block.partition("\n\n")
        method, target = head.strip().replace("{base_url}", base_url).split(" ")
        url = target if target.startswith("http") else shared_server.url + target
        request = Request(url, body.encode() or None, method=method)
        with urlopen(request, timeout=TIMEOUT_S) as reply:
            answers.append(json.load(reply))
        base_url = base_url or answers[0]["base_url"]
    created, fault, scenario, clock, verified, journal, dropped = answers
    assert created["access_token"] == derive_credentials(SEED, "checkout-7").access_token
    assert fault["fault"]["delay_ms"] == 50
    assert scenario["name"] == "busy"
    assert clock["fired"] == []
    assert verified == {"verified": True, "count": 0}
    assert journal == {"data": []}
    assert dropped == {"dropped": "checkout-7"}


def test_a_credential_selects_its_sandbox_at_the_root(shared_server: ServerProcess) -> None:
    """So says the page for any language."""
    request = Request(f"{shared_server.url}/_mock/sandboxes/by-credential", b"{}", method="PUT")
    with urlopen(request, timeout=TIMEOUT_S) as reply:
        token = json.load(reply)["access_token"]
    missing = Request(
        f"{shared_server.url}/v1/charges/ZZZZZZZZZZZZZ",
        headers={"authorization": f"Bearer {token}"},
    )
    with pytest.raises(HTTPError) as refused:
        urlopen(missing, timeout=TIMEOUT_S)
    refused.value.close()
    journal = f"{shared_server.url}/sandbox/by-credential/_mock/journal"
    with urlopen(journal, timeout=TIMEOUT_S) as reply:
        assert [entry["status"] for entry in json.load(reply)["data"]] == [404]


def test_composes_tests_wait_for_a_healthy_server() -> None:
    (text,) = blocks("howto/docker-compose.md", "yaml")
    services = yaml.safe_load(text)["services"]
    clover, tests = services["clover"], services["tests"]
    assert tests["depends_on"] == {"clover": {"condition": "service_healthy"}}
    assert 'CMD ["python3", "-Im", "mock_clover.health"]' in (ROOT / "Dockerfile").read_text()
    assert "--mock-clover-url http://clover:4242" in tests["command"]
    assert clover["read_only"] is True
    assert clover["ports"] == ["127.0.0.1:4242:4242"]


@needs_curl
def test_the_page_of_tls_runs(
    tmp_path: Path, start_server: Callable[..., ServerProcess], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    file = tmp_path / "tls-port"
    server = start_server("--tls", "--tls-port", "0", "--tls-port-file", str(file))
    starts, trust, attempt, hosts, fetch = blocks("howto/tls.md", "sh")
    assert [line.split("  ")[0] for line in starts.splitlines()] == [
        *("mock-clover serve --tls", "mock-clover serve --tls --tls-port 443")
    ]
    script = trust + attempt.replace(":4243", f":{file.read_text().strip()}") + hosts
    out = run(["bash", "-euo", "pipefail", "-c", script], tmp_path, server)
    run(["bash", "-euc", fetch.replace(":4242", f":{server.port}")], tmp_path, server)
    saved = tmp_path / "mock-clover" / CERTIFICATE
    assert (tmp_path / "ca.pem").read_bytes() == saved.read_bytes()
    (printed,) = blocks("howto/tls.md", "text")
    first, digest, result = out.splitlines()[:3]
    folder = f"{tmp_path}/mock-clover"
    assert result == printed.splitlines()[2].replace("/home/me/.local/share/mock-clover", folder)
    assert (first[: len(folder) + 2], digest[:10]) == (f"# {folder}", "# SHA-256 ")
    (key,) = objects(out)
    assert key["apiAccessKey"] == derive_credentials(SEED, "default").api_key
    assert out.splitlines()[-len(NAMES) :] == [f"127.0.0.1 {name}" for name in NAMES]


def test_shop_with_clover_urls_connects_by_tls() -> None:
    (text,) = blocks("howto/tls.md", "yaml")
    document = yaml.safe_load(text)
    clover, shop = document["services"]["clover"], document["services"]["shop"]
    assert clover["networks"]["default"]["aliases"] == list(NAMES)
    options = {str(option.envvar) for option in serve_command.params}
    assert set(clover["environment"]) <= options
    ((name, folder),) = [each.split(":") for each in clover["volumes"]]
    image = (ROOT / "Dockerfile").read_text()
    assert f"--chown=10001:10001 /build/empty {folder}\n" in image
    assert f"XDG_DATA_HOME={Path(folder).parent}\n" in image
    assert Path(folder).name == "mock-clover"
    assert shop["volumes"] == [f"{name}:/clover:ro"]
    assert shop["environment"]["NODE_EXTRA_CA_CERTS"] == f"/clover/{CERTIFICATE}"
    assert shop["depends_on"] == {"clover": {"condition": "service_healthy"}}
    assert list(document["volumes"]) == [name]
    known = derive_credentials(DEFAULT_SEED, "default").access_token
    assert shop["environment"]["CLOVER_ACCESS_TOKEN"] == known


def test_the_page_of_tls_lists_every_name() -> None:
    text = (DOCS / "howto/tls.md").read_text()
    rows = re.findall(r"^\| `(\S+clover\.com)` \| (.*) \| (.*) \|$", text, re.MULTILINE)
    assert rows == [(host.name, host.region, host.description) for host in HOSTS]


def test_github_service_has_health_check(tmp_path: Path, shared_server: ServerProcess) -> None:
    (text,) = blocks("howto/github-actions.md", "yaml")
    job = yaml.safe_load(text)["jobs"]["test"]
    service = job["services"]["clover"]
    words = shlex.split(service["options"])
    options = dict(zip(words[::2], words[1::2], strict=True))
    assert all(name.startswith("--health-") for name in options)
    assert run(shlex.split(options["--health-cmd"] + f" {shared_server.url}"), tmp_path, None)
    assert service["ports"] == ["127.0.0.1:4242:4242"]
    assert job["env"]["MOCK_CLOVER_URL"] == "http://127.0.0.1:4242"


def test_githubs_step_without_an_image_runs(tmp_path: Path) -> None:
    (script,) = blocks("howto/github-actions.md", "sh")
    assert "ready" in run(["bash", "-euo", "pipefail", "-c", script], tmp_path, None)


def test_kubernetes_probes_are_answered(shared_server: ServerProcess) -> None:
    text, _ = blocks("howto/kubernetes.md", "yaml")
    deployment, service = yaml.safe_load_all(text)
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    (port,) = container["ports"]
    body = {}
    for probe in ("readinessProbe", "livenessProbe"):
        get = container[probe]["httpGet"]
        assert get["port"] == port["name"] == service["spec"]["ports"][0]["targetPort"]
        with urlopen(shared_server.url + get["path"], timeout=TIMEOUT_S) as reply:
            body[probe] = (get["path"], reply.status)
    assert body == {"readinessProbe": ("/readyz", 200), "livenessProbe": ("/livez", 200)}
    assert port["containerPort"] == 4242
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    assert labels == deployment["spec"]["selector"]["matchLabels"] == service["spec"]["selector"]
    assert deployment["spec"]["replicas"] == 1
    context = container["securityContext"]
    assert (context["runAsNonRoot"], context["readOnlyRootFilesystem"]) == (True, True)
    assert "USER 10001" in (ROOT / "Dockerfile").read_text()


def test_kubernetes_replicas_fit_nginx() -> None:
    single, text = blocks("howto/kubernetes.md", "yaml")
    by_kind: dict[str, dict[str, Any]] = {}
    for each in yaml.safe_load_all(text):
        by_kind.setdefault(each["kind"], {})[each["metadata"]["name"]] = each["spec"]
    ((name, replicas),) = by_kind["StatefulSet"].items()
    services = by_kind["Service"]
    assert services.pop(replicas["serviceName"])["clusterIP"] == "None"
    pods = [f"{name}-{number}" for number in range(replicas["replicas"])]
    for pod in pods:
        assert services.pop(pod)["selector"] == {"statefulset.kubernetes.io/pod-name": pod}
    (nginx,) = blocks("howto/replicas.md", "nginx")
    assert re.findall(r"server (\S+):4242(?: max_fails=0)?;", nginx) == pods * 2
    ((front, spec),) = services.items()
    (proxy,) = by_kind["Deployment"].values()
    labels = proxy["template"]["metadata"]["labels"]
    assert labels == proxy["selector"]["matchLabels"] == spec["selector"]
    (port,) = proxy["template"]["spec"]["containers"][0]["ports"]
    assert f"listen {port['containerPort']};" in nginx
    ((rule,),) = (ingress["rules"] for ingress in by_kind["Ingress"].values())
    assert rule["http"]["paths"][0]["backend"]["service"]["name"] == front
    (container,) = replicas["template"]["spec"]["containers"]
    (alone,) = next(yaml.safe_load_all(single))["spec"]["template"]["spec"]["containers"]
    assert {key: container[key] for key in alone} == alone
    variables = {each["name"]: each["value"] for each in container["env"]}
    assert set(variables) <= {str(option.envvar) for option in serve_command.params}
    assert variables["MOCK_CLOVER_CONTROL_HOST"] == rule["host"]
    folder, _, file = variables["MOCK_CLOVER_KEY_FILE"].rpartition("/")
    assert container["volumeMounts"][0]["mountPath"] == folder
    (script,) = blocks("howto/kubernetes.md", "sh")
    secret = replicas["template"]["spec"]["volumes"][0]["secret"]["secretName"]
    assert f"secret generic {secret} --from-file={file} --from-file={file}.prod\n" in script
    configuration = proxy["template"]["spec"]["volumes"][0]["configMap"]["name"]
    assert f"configmap {configuration} --from-file=" in script


@needs_openssl
def test_commands_for_replicas_make_the_key_files(
    tmp_path: Path, start_server: Callable[..., ServerProcess]
) -> None:
    create, _ = blocks("howto/replicas.md", "sh")
    run(["bash", "-euc", create], tmp_path, None)
    file = str(tmp_path / "clover.pem")
    server = start_server("--replica", "--key-file", file)
    with urlopen(f"{server.url}/readyz", timeout=TIMEOUT_S) as reply:
        assert reply.status == 200


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
        assert target.startswith("https://") or (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_documented_options_exist(page: Path) -> None:

    output = run_cli("serve", "--help").stdout
    for line in re.findall(r"mock-clover serve .*", page.read_text()):
        for option in re.findall(r"--[a-z-]+", line):
            assert option in output, option
