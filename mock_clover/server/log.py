"""The log: one redacted line for each exchange, written in batches so that no response waits.

The path is masked and has no query, which can contain secrets. A slow consumer of the log must not
block the server: lines that it does not read in time are dropped and counted.
"""

import asyncio
import json
import os
import select
import time
from typing import Literal, TextIO

from mock_clover.core.masking import PAN_DIGITS_MIN, redact
from mock_clover.core.printable import printable
from mock_clover.sandbox.clock import machine_ms

LogFormat = Literal["text", "json", "none"]

_FLUSH_AFTER_S = 0.02
_LINES_MAX = 5_000
_CHUNK_BYTES = 4_096  # PIPE_BUF: a pipe reported as writable accepts this much without blocking


LogRow = tuple[float, str, str, str, int | None, str, float]
"""An exchange: time, sandbox, method, path, status, why, milliseconds. Rows are formatted in
batches, which takes half the time."""


class ExchangeLog:
    """Write log lines to a stream; the format `none` writes nothing."""

    def __init__(self, stream: TextIO | None, log_format: LogFormat) -> None:
        self._format = log_format
        self._fd = stream.fileno() if stream is not None else -1
        self._rows: list[LogRow | str] = []
        self._scheduled = False
        self._dropped = 0
        self._timestamp_second = -1
        self._timestamp = ""

    def write(
        self,
        sandbox: str,
        method: str,
        path: str,
        status: int | None,
        why: str,
        duration_ms: float,
    ) -> None:
        """Log one exchange; its status is None if a fault kept it from the client."""
        if self._format != "none":
            self._enqueue((machine_ms() / 1000, sandbox, method, path, status, why, duration_ms))

    def _format_line(self, row: LogRow) -> str:
        """Format an exchange as a line, with card numbers masked."""
        at, sandbox, method, path, status, why, duration_ms = row
        if len(path) >= PAN_DIGITS_MIN or not path.isprintable() or " " in path:
            path = self._clean_path(path)
        if len(sandbox) >= PAN_DIGITS_MIN:
            sandbox = redact(sandbox)
        if not why.isprintable():
            why = printable(why)
        timestamp = (
            self._timestamp if int(at) == self._timestamp_second else self._format_time(int(at))
        )
        if self._format == "text":
            sent = "lost" if status is None else status
            return f"{timestamp} {method} {path} {sent} {duration_ms:.2f}ms {sandbox} | {why}\n"
        entry = {
            "at": timestamp,
            "method": method,
            "path": path,
            "status": status,
            "took_ms": round(duration_ms, 3),
            "sandbox": sandbox,
            "why": why,
        }
        return f"{json.dumps(entry)}\n"

    def _clean_path(self, path: str) -> str:
        path = redact(path)
        if not path.isprintable():
            path = path.encode("unicode_escape").decode()
        # In the text format a space would separate fields.
        return path.replace(" ", "%20") if self._format == "text" else path

    def write_message(self, text: str) -> None:
        """Log a message that is not an exchange: one line, with card numbers masked."""
        text = printable(redact(text))
        if self._format == "text":
            self._enqueue(f"{self._format_time()} {text}\n")
        elif self._format == "json":
            self._enqueue(json.dumps({"at": self._format_time(), "message": text}) + "\n")

    def flush(self) -> None:
        """Write the collected lines; drop and count them if the consumer does not read them."""
        self._scheduled = False
        if self._format == "none":
            return
        rows, self._rows = self._rows, []
        count = len(rows)
        text = "".join([row if isinstance(row, str) else self._format_line(row) for row in rows])
        if self._dropped:
            note = f"{self._dropped} log lines dropped because they were not read in time"
            text = f"{self._format_time()} ({note})\n{text}"
        data = text.encode("utf-8", "backslashreplace")
        self._dropped = 0 if self._write_nonblocking(data) else self._dropped + count

    def _write_nonblocking(self, data: bytes) -> bool:
        if not hasattr(select, "poll"):  # Windows supports only blocking writes
            os.write(self._fd, data)
            return True
        poll = select.poll()
        poll.register(self._fd, select.POLLOUT)
        try:
            for start in range(0, len(data), _CHUNK_BYTES):
                if not poll.poll(0):
                    return False
                os.write(self._fd, data[start : start + _CHUNK_BYTES])
        except OSError:  # the consumer has closed the stream
            self._format = "none"
        return True

    def _enqueue(self, row: LogRow | str) -> None:
        if len(self._rows) >= _LINES_MAX:
            self.flush()
        self._rows.append(row)
        if not self._scheduled:
            self._scheduled = True
            try:
                asyncio.get_running_loop().call_later(_FLUSH_AFTER_S, self.flush)
            except RuntimeError:  # no loop: write immediately
                self.flush()

    def _format_time(self, now: int | None = None) -> str:
        now = machine_ms() // 1000 if now is None else now
        if now != self._timestamp_second:
            self._timestamp_second = now
            self._timestamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now))
        return self._timestamp
