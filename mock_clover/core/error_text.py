"""Text about an unexpected error for the log."""


def error_location(error: BaseException) -> str:
    """Return the type and location of an error without its values: `KeyError in charge:12`."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f"{trace.tb_frame.f_code.co_qualname}:{trace.tb_lineno}" if trace else "?"
    return f"{type(error).__name__} in {where}"
