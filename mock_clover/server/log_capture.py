"""Everything else that Python would print to stderr goes to the log: one line each, no values."""

import logging
import sys
import threading

from mock_clover.core.error_text import error_location
from mock_clover.core.masking import redact
from mock_clover.server.log import ExchangeLog


class LogHandler(logging.Handler):
    """Log the records of uvicorn, asyncio and other libraries."""

    def __init__(self, log: ExchangeLog) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """Log an error's location, or the first line of a message: the rest may show values."""
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            text = error_location(error)
        else:
            text = redact(record.getMessage().partition("\n")[0])
        self._log.write_message(f"{record.name}: {text.encode('unicode_escape').decode()}")


def capture_output(log: ExchangeLog) -> None:
    """Send logging records, warnings and errors of threads and finalizers to the log.

    Only for a process of mock-clover's own.
    """
    logging.getLogger().addHandler(LogHandler(log))
    logging.captureWarnings(capture=True)

    def log_thread_error(args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None:
            log.write_message(f"thread: {error_location(args.exc_value)}")

    def log_unraisable(args: "sys.UnraisableHookArgs") -> None:
        if args.exc_value is not None:
            log.write_message(f"finalizer: {error_location(args.exc_value)}")

    threading.excepthook = log_thread_error
    sys.unraisablehook = log_unraisable
