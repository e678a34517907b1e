"""The second client: an open loop at a fixed rate, in its own process on the client's core.

Open means that it does not slow down with the server: a request is sent when it is due, late or
not.
"""

import multiprocessing
import select
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from multiprocessing.connection import Connection

from tests.bench.load import body_size, connect
from tests.bench.plan import CONNECTIONS

_END_SECONDS_MAX = 10.0
_READ_BYTES_MAX = 65_536


@dataclass
class Pace:
    """What the paced client did; complete when its block ends."""

    rate: float = 0.0


@contextmanager
def beside(port: int, requests: Sequence[bytes], rate: float) -> Iterator[Pace]:
    """Send `requests` in turn, `rate` a second, while the block runs."""
    # Forked, so that the prepared requests need not be copied.
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    child = context.Process(target=_run, args=(port, requests, rate, theirs), daemon=True)
    child.start()
    theirs.close()
    pace = Pace()
    try:
        ours.recv()
        yield pace
        ours.send("stop")
        if not ours.poll(_END_SECONDS_MAX):
            raise RuntimeError("the paced client does not answer")
        pace.rate = ours.recv()
    except EOFError as ended:
        raise RuntimeError("the paced client exited early; see its output above") from ended
    finally:
        ours.close()
        child.terminate()
        child.join()


def _run(port: int, requests: Sequence[bytes], rate: float, parent: Connection) -> None:
    peers = {peer.fileno(): peer for peer in connect(port, CONNECTIONS)}
    idle, partial, answered = list(peers), {}, 0
    source = cycle(requests)
    with select.epoll() as poller:
        for fd in peers:
            poller.register(fd, select.EPOLLIN)
        poller.register(parent.fileno(), select.EPOLLIN)
        parent.send("ready")
        began = due = time.monotonic()
        while True:
            for fd, _ in poller.poll(max(due - time.monotonic(), 0.0)):
                if fd == parent.fileno():
                    parent.send(answered / (time.monotonic() - began))
                    return
                data = partial.pop(fd, b"") + peers[fd].recv(_READ_BYTES_MAX)
                if body_size(data) is None:
                    partial[fd] = data
                else:
                    idle.append(fd)
                    answered += 1
            while idle and due <= time.monotonic():
                peers[idle.pop()].sendall(next(source))
                due += 1 / rate
            if not idle:
                # All connections wait: try again soon instead of spinning.
                time.sleep(0.001)
