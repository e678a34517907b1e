"""Figure: the tail of a charge's latency, alone and with concurrent encrypted tokens.

A token costs a private RSA operation on the same loop; charges behind it wait.
"""

from statistics import median

from tests.bench.load import Sample, burst
from tests.bench.pace import beside
from tests.bench.plan import Plan, say
from tests.bench.report import Row
from tests.bench.server import BARE, MOCK, serving
from tests.bench.shop import Shop, open_bare, open_mock

_CREATES = 50_000
_WARM_UP = 2_000
_TOKENS_PER_SECOND = 300
_TOKENS_BUILT = 2_000


def measure(plan: Plan) -> list[Row]:
    """Measure the tail with and without tokens on the same server, in every round."""
    quiet, disturbed, bare, paces = [], [], [], []
    for number in range(plan.rounds):
        with serving(MOCK) as server:
            shop = open_mock(server)
            burst(server, shop.creates(plan.count(_WARM_UP)))
            if number % 2 == 0:
                quiet.append(_creates(plan, shop))
            sample, pace = _disturbed(plan, shop)
            disturbed.append(sample)
            paces.append(pace)
            if number % 2:
                quiet.append(_creates(plan, shop))
        with serving(BARE) as server:
            shop = open_bare(server)
            burst(server, shop.creates(plan.count(_WARM_UP)))
            bare.append(_creates(plan, shop))
        result = ", ".join(_told(kind[-1]) for kind in (quiet, disturbed, bare))
        say(f"  round {number + 1}: p50/p99 quiet, with tokens, bare: {result}")
    return _rows(plan, quiet, disturbed, bare, paces)


def _rows(
    plan: Plan, quiet: list[Sample], disturbed: list[Sample], bare: list[Sample], paces: list[float]
) -> list[Row]:
    middle, p99, p99_disturbed = (
        median(sample.percentile_ms(50) for sample in quiet),
        median(sample.percentile_ms(99) for sample in quiet),
        median(sample.percentile_ms(99) for sample in disturbed),
    )
    busy = median(sample.busy for sample in quiet)
    tail = median(_tail(sample) for sample in bare)
    return [
        Row(
            f"charge latency: p99 divided by p50, {plan.count(_CREATES):,} creates",
            tuple(_tail(sample) for sample in quiet),
            4,
            2.5,
            f"p50 {middle:.2f} ms, p99 {p99:.2f} ms; bare {tail:.2f}; core {busy:.0%} busy",
            lower_is_better=True,
        ),
        Row(
            f"charge p99 with {_TOKENS_PER_SECOND} encrypted tokens/s in parallel, "
            "relative to p99 without",
            tuple(
                b.percentile_ms(99) / a.percentile_ms(99)
                for a, b in zip(quiet, disturbed, strict=True)
            ),
            1.5,
            1.5,
            f"{p99_disturbed:.2f} ms vs. {p99:.2f} ms; {median(paces):.0f} tokens/s answered",
            lower_is_better=True,
        ),
    ]


def _creates(plan: Plan, shop: Shop) -> Sample:
    return burst(shop.server, shop.creates(plan.count(_CREATES)))


def _disturbed(plan: Plan, shop: Shop) -> tuple[Sample, float]:
    tokens = shop.encrypted_tokens(plan.count(_TOKENS_BUILT))
    with beside(shop.server.port, tokens, _TOKENS_PER_SECOND) as pace:
        sample = _creates(plan, shop)
    return sample, pace.rate


def _tail(sample: Sample) -> float:
    return sample.percentile_ms(99) / sample.percentile_ms(50)


def _told(sample: Sample) -> str:
    return f"{sample.percentile_ms(50):.2f}/{sample.percentile_ms(99):.2f} ms"
