"""Figure: encrypted tokens per second, relative to OpenSSL's RSA private operations.

One private operation per token is the floor; the rest is the cost of the mock and of HTTP. Both run
on the server's core. OpenSSL uses its CPU time, the tokens wall time.
"""

import shutil
import subprocess
import tempfile
from pathlib import Path
from statistics import median

from tests.bench.load import Sample, burst
from tests.bench.plan import Plan, SkippedError, say
from tests.bench.report import Row
from tests.bench.server import MOCK, process, serving
from tests.bench.shop import Shop, open_mock

_REQUESTS = 8_000
_WARM_UP = 500
_SPEED_SECONDS = 2
_SPEED_SECONDS_MAX = 60


def measure(plan: Plan) -> list[Row]:
    """Pair a burst of tokens with a run of `openssl speed` in every round."""
    if shutil.which("openssl") is None:
        raise SkippedError("there is no openssl command here")
    pairs = []
    with serving(MOCK) as server:
        shop = open_mock(server)
        burst(server, shop.encrypted_tokens(plan.count(_WARM_UP)))
        for number in range(plan.rounds):
            sample, operations = _round(plan, shop, mock_first=number % 2 == 0)
            pairs.append((sample, operations))
            output = f"{sample.rate:,.0f}/s of {operations:,.0f}/s = {sample.rate / operations:.2f}"
            say(f"  round {number + 1}: {output}")
    tokens, private = (median(sample.rate for sample, _ in pairs), median(o for _, o in pairs))
    busy = median(sample.busy for sample, _ in pairs)
    return [
        Row(
            "encrypted tokens: rate relative to private-key operations of `openssl speed rsa2048`",
            tuple(sample.rate / operations for sample, operations in pairs),
            0.68,
            0.78,
            f"{tokens:,.0f}/s vs. {private:,.0f}/s; core {busy:.0%}",
            by_cpu=tuple(sample.cpu_rate / operations for sample, operations in pairs),
        )
    ]


def _round(plan: Plan, shop: Shop, *, mock_first: bool) -> tuple[Sample, float]:
    # Encrypted again in each round, so that no cache of ciphertexts could help.
    requests = shop.encrypted_tokens(plan.count(_REQUESTS))
    if mock_first:
        return burst(shop.server, requests), _private_operations(plan)
    operations = _private_operations(plan)
    return burst(shop.server, requests), operations


def _private_operations(plan: Plan) -> float:
    """Return openssl's RSA-2048 private operations per second on the server's core."""
    argv = ["openssl", "speed", "-mr", "-seconds", str(plan.seconds(_SPEED_SECONDS)), "rsa2048"]
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        log = Path(folder, "log")
        with process(argv, log) as child:
            try:
                child.wait(_SPEED_SECONDS_MAX)
            except subprocess.TimeoutExpired as late:
                raise RuntimeError("openssl speed does not end") from late
        words = log.read_text(errors="replace")
    for line in words.splitlines():
        # -mr is machine-readable: +F2:<index>:<bits>:<private per second>:<public per second>
        if line.startswith("+F2:"):
            return float(line.split(":")[3])
    raise RuntimeError(f"openssl speed said no +F2 line: {words[-300:]}")
