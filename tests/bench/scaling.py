"""Figure: speed does not depend on the number of stored charges, and a charge uses little memory.

A filled server and a new one run side by side, so that both have the same machine.
"""

from statistics import median

from tests.bench import machine
from tests.bench.load import Sample, burst, interleaved
from tests.bench.plan import Plan, say
from tests.bench.report import Row
from tests.bench.server import MOCK, serving
from tests.bench.shop import Shop, open_mock

_STORED = 100_000
_SAMPLED = 10_000
_SLICE = 1_000
_WARM_UP = 1_000


def measure(plan: Plan) -> list[Row]:
    """In every round, fill one server and pair its next creates with the first ones of a new
    server.
    """
    pairs, growths, grown = [], [], []
    for number in range(plan.rounds):
        with serving(MOCK) as full, serving(MOCK) as fresh:
            shops = open_mock(full), open_mock(fresh)
            # Few, because they count as stored: enough to load what is loaded lazily.
            for shop in shops:
                burst(shop.server, shop.creates(plan.count(_WARM_UP)))
            grown_bytes, growth = _fill(plan, shops[0])
            sources = [shop.creates(plan.count(_SAMPLED)) for shop in shops]
            late, early = interleaved(full, fresh, sources, plan.count(_SLICE))
        grown.append(grown_bytes)
        growths.append(growth)
        pairs.append((late, early))
        output = f"{late.rate:,.0f}/s of {early.rate:,.0f}/s = {late.rate / early.rate:.2f}"
        say(f"  round {number + 1}: {output}; memory {growth:.2f} times the JSON")
    return _rows(plan.count(_STORED), pairs, growths, grown)


def _fill(plan: Plan, shop: Shop) -> tuple[int, float]:
    """Store charges; return the bytes by which the server grew, absolute and relative to their
    JSON.
    """
    before = machine.rss_bytes(shop.server.pid)
    filled = burst(shop.server, shop.creates(plan.count(_STORED)))
    grown = machine.rss_bytes(shop.server.pid) - before
    return grown, grown / filled.body_bytes


def _rows(
    stored: int, pairs: list[tuple[Sample, Sample]], growths: list[float], grown: list[int]
) -> list[Row]:
    late_rate = median(late.rate for late, _ in pairs)
    early_rate = median(early.rate for _, early in pairs)
    return [
        Row(
            f"create rate with {stored:,} stored charges, relative to an empty server",
            tuple(late.rate / early.rate for late, early in pairs),
            0.9,
            0.9,
            f"{late_rate:,.0f}/s vs. {early_rate:,.0f}/s",
            by_cpu=tuple(late.cpu_rate / early.cpu_rate for late, early in pairs),
        ),
        Row(
            f"memory growth for {stored:,} charges, relative to their JSON size",
            tuple(growths),
            2.6,
            1.5,
            f"{median(grown) / 2**20:.0f} MiB",
            lower_is_better=True,
        ),
    ]
