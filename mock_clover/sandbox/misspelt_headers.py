"""Find names of request headers that were probably misspelt, so that they have no effect."""

from collections.abc import Iterable

from mock_clover.core.suggestions import nearest_word

_OWN_PREFIX = "x-mock-clover-"
_OWN = ("x-mock-clover-outcome", "x-mock-clover-fault", "x-mock-clover-dialect")
_CONTROL = "x-mock-clover-control"
_KEY = ("idempotency-key", "x-idempotency-key", "idempotency_key")
_SIMILARITY_MIN = 0.8
_NAME_CHARS_MAX = 60


def misspelt_headers(names: Iterable[bytes]) -> tuple[str, ...]:
    """Return the names with what was meant, for headers of mock-clover and the idempotency key."""
    found = []
    for raw in names:
        name = raw[:_NAME_CHARS_MAX].decode("latin-1")
        if name.startswith(_OWN_PREFIX):
            known, is_known = _OWN, name in (*_OWN, _CONTROL)
        elif "idempot" in name:
            known, is_known = _KEY, name in _KEY
        else:
            continue
        if not is_known:
            near = nearest_word(name, known, _SIMILARITY_MIN)
            found.append(f"header {name} (did you mean {near}?)" if near else f"header {name}")
    return tuple(found)
