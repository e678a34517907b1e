"""The dashboard under load: python -m tests.bench.dashboard [--minutes N] [--rate N].

It opens the page several times with a journal of a thousand exchanges, and then keeps one page open
while requests are sent continuously. It prints how long the page took to show them, how far it
lagged, and its memory over time. It exits with 1 if the page took a second or more, or if its
memory grew.
"""

import argparse
import json
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

from tests.server_process import ServerProcess

OPENINGS = 7
OPEN_MS_MAX = 1000.0
KEPT = 1000
GROWTH_MAX = 0.10
"""Maximum ratio of the heap's median in the last third to that in the first, with a full page."""
NODES_MAX = 5_000
"""DOM nodes of the document, with those that await collection."""
SAMPLES_PER_RUN = 30
WARM_S = 10.0
TICK_S = 0.05
CHROMIUM = "/usr/bin/chromium"
_DRAWN = """() => new Promise((resolve) => {
  const look = () => {
    const [mark] = performance.getEntriesByName("exchanges drawn");
    if (mark) resolve(mark.startTime);
    else requestAnimationFrame(look);
  };
  look();
})"""
_SEEN = """(made) => new Promise((resolve) => {
  const look = () => {
    const newest = document.querySelector("[aria-posinset='1']");
    if (Number(newest?.id.slice(2)) >= made) resolve();
    else requestAnimationFrame(look);
  };
  look();
})"""
_WATCH_FRAMES = """() => {
  window.longest = 0;
  new PerformanceObserver((list) => {
    for (const each of list.getEntries()) window.longest = Math.max(window.longest, each.duration);
  }).observe({ type: "longtask" });
}"""


class Sample(NamedTuple):
    """A sample of the page's state."""

    at_s: float
    heap_mb: float
    nodes: int
    listeners: int
    behind_ms: float


class Load:
    """Requests on one connection at a fixed rate: charges of a saved card, reads, and 404s."""

    def __init__(self, server: ServerProcess, rate: int) -> None:
        self._line = socket.create_connection(("127.0.0.1", server.port))
        self._reader = self._line.makefile("rb")
        self._host = f"127.0.0.1:{server.port}"
        self._known = self._ask("GET", "/_mock/sandboxes/default")
        card = {"number": "4242424242424242", "exp_month": "12", "exp_year": "2035", "cvv": "123"}
        token = self._ask("POST", "/v1/tokens", {"card": card})
        customer = self._ask("POST", "/v1/customers", {"email": "a@b.co", "source": token["id"]})
        self._source = customer["id"]
        charge = self._ask("POST", "/v1/charges", self._charge(100))
        look, miss = ("GET", f"/v1/charges/{charge['id']}"), ("GET", "/v1/charges/NOSUCHCHARGE1")
        pay = ("POST", "/v1/charges", self._charge(1234))
        self._calls = [self._bytes(*call) for call in (pay, look, look, miss, look)]
        self.rate = rate
        self.made = 4
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _charge(self, amount: int) -> dict[str, Any]:
        return {"amount": amount, "currency": "usd", "source": self._source, "description": "Load"}

    def _bytes(self, method: str, path: str, body: Any = None) -> bytes:
        data = b"" if body is None else json.dumps(body).encode()
        known = getattr(self, "_known", {})
        lines = [f"{method} {path} HTTP/1.1", f"host: {self._host}", f"content-length: {len(data)}"]
        lines += [f"authorization: Bearer {known.get('access_token')}"]
        lines += [f"apikey: {known.get('api_key')}", "content-type: application/json"]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + data

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        self._line.sendall(self._bytes(method, path, body))
        return json.loads(self._answer())

    def _answer(self) -> bytes:
        length = 0
        while (head := self._reader.readline().lower()) not in (b"\r\n", b""):
            if head.startswith(b"content-length:"):
                length = int(head.partition(b":")[2])
        return self._reader.read(length)

    def make(self, count: int) -> None:
        """Send `count` requests at once."""
        self._line.sendall(b"".join(self._calls[n % len(self._calls)] for n in range(count)))
        for _ in range(count):
            self._answer()
        self.made += count

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._ends.set()
        if self._thread.is_alive():
            self._thread.join()
        self._reader.close()
        self._line.close()

    def _run(self) -> None:
        begun, created = time.monotonic(), 0
        while not self._ends.wait(TICK_S):
            due = int((time.monotonic() - begun) * self.rate) - created
            if due > 0:
                self.make(min(due, self.rate))
                created += min(due, self.rate)


def opened_ms(browser: Browser, url: str) -> float:
    """Open the page in a new context; return when its exchanges are drawn."""
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    try:
        page = context.new_page()
        page.goto(f"{url}/_mock/")
        drawn_ms = float(page.evaluate(_DRAWN))
        page.get_by_text("1,000 requests").wait_for()
        return drawn_ms
    finally:
        context.close()


def sample(page: Page, devtools: CDPSession, load: Load, at_s: float) -> Sample:
    """Sample the page's memory after a garbage collection, and its lag."""
    devtools.send("HeapProfiler.collectGarbage")
    result = devtools.send("Performance.getMetrics")["metrics"]
    found = {each["name"]: each["value"] for each in result}
    created, requested = load.made, time.monotonic()
    page.evaluate(_SEEN, created)
    return Sample(
        at_s,
        found["JSHeapUsedSize"] / 1e6,
        int(found["Nodes"]),
        int(found["JSEventListeners"]),
        (time.monotonic() - requested) * 1000,
    )


def watched(browser: Browser, url: str, load: Load, minutes: float) -> tuple[list[Sample], float]:
    """Keep a page open under load; return samples, and the longest task of the page in ms."""
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    page = context.new_page()
    page.goto(f"{url}/_mock/")
    page.get_by_text("1,000 requests").wait_for()
    page.evaluate(_WATCH_FRAMES)
    devtools = context.new_cdp_session(page)
    devtools.send("Performance.enable")
    load.start()
    page.wait_for_timeout(WARM_S * 1000)
    begun, seconds = time.monotonic(), minutes * 60
    samples = []
    for number in range(SAMPLES_PER_RUN + 1):
        wait_s = begun + number * seconds / SAMPLES_PER_RUN - time.monotonic()
        page.wait_for_timeout(max(wait_s, 0) * 1000)
        samples.append(sample(page, devtools, load, time.monotonic() - begun))
    longest = float(page.evaluate("() => window.longest"))
    context.close()
    return samples, longest


def growth(samples: Sequence[Sample]) -> float:
    """Return how much larger the heap of the last third is than that of the first, as a ratio."""
    third = max(1, len(samples) // 3)
    heaps = [each.heap_mb for each in samples]
    return statistics.median(heaps[-third:]) / statistics.median(heaps[:third]) - 1


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print; the exit code says whether the limits held."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--minutes", type=float, default=0.5, help="of load (default 0.5)")
    options.add_argument("--rate", type=int, default=1000, help="calls a second (default 1000)")
    options.add_argument("--chromium", default=CHROMIUM, help=f"(default {CHROMIUM})")
    requested = options.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        server = ServerProcess(Path(folder))
        browser = driver.chromium.launch(
            executable_path=requested.chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        load = Load(server, requested.rate)
        try:
            load.make(KEPT)
            opened = sorted(opened_ms(browser, server.url) for _ in range(OPENINGS))
            print(
                f"opened with {KEPT:,} exchanges, all drawn after: median "
                f"{statistics.median(opened):.0f} ms ({opened[0]:.0f} to {opened[-1]:.0f}, "
                f"{OPENINGS} openings)",
                flush=True,
            )
            before = load.made
            samples, longest = watched(browser, server.url, load, requested.minutes)
            seconds = samples[-1].at_s + WARM_S
            created = load.made - before
        finally:
            load.stop()
            browser.close()
            server.stop()
    print(f"load: {created:,} calls in {seconds:.0f} s, {created / seconds:,.0f} a second")
    for each in samples[:: max(1, SAMPLES_PER_RUN // 6)]:
        print(
            f"  after {each.at_s:4.0f} s: heap {each.heap_mb:5.1f} MB, {each.nodes:,} nodes, "
            f"{each.listeners} listeners, {each.behind_ms:.0f} ms behind"
        )
    behind = statistics.median(each.behind_ms for each in samples)
    heap = growth(samples)
    nodes = [each.nodes for each in samples]
    print(f"behind: median {behind:.0f} ms; longest task of the page {longest:.0f} ms")
    print(f"last third over first: heap {heap:+.1%}; nodes {min(nodes):,} to {max(nodes):,}")
    is_quick = statistics.median(opened) < OPEN_MS_MAX
    is_flat = heap <= GROWTH_MAX and max(each.nodes for each in samples) <= NODES_MAX
    print(f"opens within a second: {is_quick}; memory flat: {is_flat}")
    return 0 if is_quick and is_flat else 1


if __name__ == "__main__":
    sys.exit(main())
