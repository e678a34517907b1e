"""Figure: creating and reading a charge, relative to the bare server.

Every default feature is on: authentication, validation, a new idempotency key, the journal, the why
header, a log line to a file. Each round starts new servers, alternates which is first, and
interleaves them slice by slice.
"""

from collections.abc import Iterator, Sequence
from statistics import median

from tests.bench.load import Sample, burst, interleaved
from tests.bench.plan import Plan, say
from tests.bench.report import Row
from tests.bench.server import BARE, MOCK, serving
from tests.bench.shop import Shop, open_bare, open_mock

_REQUESTS = 40_000
_SLICE = 1_000
_WARM_UP = 2_000
_READ = 500
_BUSY_MIN = 0.95

Pair = tuple[Sample, Sample]
"""The samples of the mock and of the bare server, of one round."""


def measure(plan: Plan) -> list[Row]:
    """Measure both, creates before reads, in every round."""
    creates, reads = [], []
    for number in range(plan.rounds):
        create, read = _round(plan, mock_first=number % 2 == 0)
        creates.append(create)
        reads.append(read)
        say(f"  round {number + 1}: create {_told(create)}; read {_told(read)}")
    return [
        _row("create a charge: throughput relative to the bare server", creates),
        _row("read a charge: throughput relative to the bare server", reads),
    ]


def _round(plan: Plan, *, mock_first: bool) -> tuple[Pair, Pair]:
    with serving(MOCK) as mock_server, serving(BARE) as bare_server:
        shops = (open_mock(mock_server), open_bare(bare_server))
        shops[0].require_features()
        for shop in shops:
            burst(shop.server, shop.creates(plan.count(_WARM_UP)))
        count = plan.count(_REQUESTS)
        create = _pair(plan, shops, [shop.creates(count) for shop in shops], mock_first)
        ids = [shop.charge_ids(plan.count(_READ)) for shop in shops]
        reads = [shop.reads(known, count) for shop, known in zip(shops, ids, strict=True)]
        return create, _pair(plan, shops, reads, mock_first)


def _pair(
    plan: Plan, shops: Sequence[Shop], requests: Sequence[Iterator[bytes]], mock_first: bool
) -> Pair:
    # The second server gets the warmer machine, so the order alternates.
    turn = 1 if mock_first else -1
    first, second = (shop.server for shop in shops[::turn])
    samples = interleaved(first, second, requests[::turn], plan.count(_SLICE))
    return samples[::turn]


def _row(says: str, pairs: Sequence[Pair]) -> Row:
    mocks, bares = zip(*pairs, strict=True)
    beside = f"{_rate(mocks)} vs. {_rate(bares)}; {_cores('core', mocks)}, {_cores('bare', bares)}"
    if any(_limits(kind) for kind in (mocks, bares)):
        beside += ": the client is the limit, so trust the CPU column"
    return Row(
        says,
        tuple(mock.rate / bare.rate for mock, bare in pairs),
        0.75,
        0.90,
        beside,
        by_cpu=tuple(mock.cpu_rate / bare.cpu_rate for mock, bare in pairs),
    )


def _limits(samples: Sequence[Sample]) -> bool:
    """Say whether the server waited for the client, and not for other work on its core."""
    busy = median(sample.busy for sample in samples)
    return busy < _BUSY_MIN and median(sample.client_busy for sample in samples) > busy


def _rate(samples: Sequence[Sample]) -> str:
    return f"{median(sample.rate for sample in samples):,.0f}/s"


def _cores(name: str, samples: Sequence[Sample]) -> str:
    server = median(sample.busy for sample in samples)
    client = median(sample.client_busy for sample in samples)
    return f"{name} {server:.0%} busy (client {client:.0%})"


def _told(pair: Pair) -> str:
    mock, bare = pair
    return f"{mock.rate:,.0f}/s of {bare.rate:,.0f}/s = {mock.rate / bare.rate:.2f}"
