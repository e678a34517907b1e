"""Figure: the first sequential creates, compared with localstripe, a public mock of the same kind.

It is a third-party program: installed in its own environment under .work/, and run unchanged.
"""

import base64
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import repeat
from pathlib import Path
from statistics import median
from urllib.parse import urlencode

from tests.bench.load import Sample, burst
from tests.bench.plan import Plan, SkippedError, say
from tests.bench.report import Row
from tests.bench.server import LOOPBACK, MOCK, ROOT, Server, free_port, serving, serving_on
from tests.bench.shop import CARD, encode, exchange, open_mock

_CREATES = 1_000
_FOLDER = ROOT / ".work" / "localstripe"
_PYTHON = _FOLDER / "bin" / "python"
_INSTALL_SECONDS_MAX = 300
_BASIC = base64.b64encode(b"sk_test_12345:").decode()
_HEADERS = {
    "authorization": f"Basic {_BASIC}",
    "content-type": "application/x-www-form-urlencoded",
}
# Its own command listens on every interface and keeps its state at a fixed path, where a
# developer may have data: this runs the same application on loopback with another file.
_LAUNCH = """
import builtins, sys
from aiohttp import web
from localstripe import resources, server
resources.open = lambda path, mode: builtins.open(sys.argv[3], mode)
web.run_app(server.app, host=sys.argv[1], port=int(sys.argv[2]))
"""


def measure(plan: Plan) -> list[Row]:
    """Pair the first creates of a new mock with those of a new localstripe."""
    version = _install()
    pairs = []
    for number in range(plan.rounds):
        count = plan.count(_CREATES)
        if number % 2:
            peer, mock = _peer(count), _mock(count)
        else:
            mock, peer = _mock(count), _peer(count)
        pairs.append((mock, peer))
        output = f"{mock.rate:,.0f}/s of {peer.rate:,.0f}/s = {mock.rate / peer.rate:.1f}"
        say(f"  round {number + 1}: {output}")
    mock_rate, peer_rate = (
        median(sample.rate for sample in kind) for kind in zip(*pairs, strict=True)
    )
    return [
        Row(
            f"first {plan.count(_CREATES):,} sequential creates, relative to localstripe {version}",
            tuple(mock.rate / peer.rate for mock, peer in pairs),
            20,
            20,
            f"{mock_rate:,.0f}/s vs. {peer_rate:,.0f}/s",
            by_cpu=tuple(mock.cpu_rate / peer.cpu_rate for mock, peer in pairs),
        )
    ]


def _mock(count: int) -> Sample:
    with serving(MOCK) as server:
        return burst(server, open_mock(server).creates(count), connections=1)


def _peer(count: int) -> Sample:
    with _localstripe() as server:
        card = {"number": CARD, "exp_month": 12, "exp_year": 2030, "cvc": "123"}
        token = _post(server, "/v1/tokens", {f"card[{name}]": v for name, v in card.items()})
        customer = _post(server, "/v1/customers", {"source": token})
        form = urlencode({"amount": 1800, "currency": "usd", "customer": customer}).encode()
        request = encode("POST", "/v1/charges", _HEADERS, form)
        return burst(server, repeat(request, count), connections=1)


@contextmanager
def _localstripe() -> Iterator[Server]:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        port = free_port()
        argv = [str(_PYTHON), "-c", _LAUNCH, LOOPBACK, str(port), str(Path(folder, "state"))]
        with serving_on(argv, port) as server:
            yield server


def _post(server: Server, path: str, form: dict[str, object]) -> str:
    return exchange(server.port, encode("POST", path, _HEADERS, urlencode(form).encode()))["id"]


def _install() -> str:
    """Create localstripe's environment if it does not exist, and return its version."""
    send = [str(_PYTHON), "-c", "import importlib.metadata as m; print(m.version('localstripe'))"]
    if _PYTHON.exists():
        output = subprocess.run(send, capture_output=True, text=True, check=False)
        if output.returncode == 0:
            return output.stdout.strip()
    say("  installing localstripe")
    steps = (
        [sys.executable, "-m", "venv", "--clear", str(_FOLDER)],
        [str(_PYTHON), "-m", "pip", "install", "--quiet", "localstripe"],
        send,
    )
    for step in steps:
        try:
            completed = subprocess.run(
                step, capture_output=True, text=True, check=True, timeout=_INSTALL_SECONDS_MAX
            )
        except (OSError, subprocess.SubprocessError) as failed:
            # The details contain paths of this machine, which the table must not.
            say(f"  {failed}\n{getattr(failed, 'stderr', None) or ''}")
            raise SkippedError("localstripe could not be installed") from failed
    return completed.stdout.strip()
