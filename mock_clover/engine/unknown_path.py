"""Errors for a path or method that no endpoint has, by the API that the path belongs to.

What was recorded on one of Clover's hosts holds for the paths of that host only; for other paths
the error is inferred.
"""

import re
from collections.abc import Iterable

from mock_clover.clover.common.behaviours_service import (
    OPERATION_NOT_SERVED,
    UNKNOWN_PATH,
    WRONG_METHOD,
)
from mock_clover.clover.common.known_operations import KNOWN_UNSERVED
from mock_clover.clover.common.problems import METHOD_NOT_ALLOWED, PATH_NOT_FOUND
from mock_clover.core.problem import ApiError
from mock_clover.core.suggestions import nearest_word

PLATFORM, ECOMMERCE = "/v3/", "/v1/"
CONTROL_PATH = "/_mock"
_CHARS_MAX, _SEGMENTS_MAX = 200, 10
"""A longer path gets no suggestion, so that the search stays cheap."""

_SIMILARITY_MIN = 0.7
"""Of a segment and the suggested one: `made_up` must not suggest `modifiers`."""

_VERSION = re.compile("v[0-9]")

Operation = tuple[str, str]
"""A method and a path with placeholders."""


def method_error(method: str, path: str, served: Iterable[Operation]) -> ApiError:
    """Return the error for a method that a served path does not have."""
    if _is_known(method, path):
        return _not_served(method, path)
    basis = () if path.startswith(PLATFORM) else (WRONG_METHOD,)
    methods = ", ".join(name for name, pattern in served if _matches(pattern, path))
    reason = f"the path has {methods}"
    return METHOD_NOT_ALLOWED.error(method=method, reason=reason, basis=basis)


def path_error(method: str, path: str, served: Iterable[Operation]) -> ApiError:
    """Return the error for a path that no endpoint has."""
    if _is_known(method, path):
        return _not_served(method, path)
    owner = "mock-clover" if path.startswith(CONTROL_PATH) else "Clover"
    near = _nearest(method, path, tuple(served))
    suggestion = f"; did you mean {near[0]} {near[1]}?" if near is not None else ""
    return _error_of_host(method, path, f"{owner} has no such path{suggestion}")


def _not_served(method: str, path: str) -> ApiError:
    reason = "Clover has this, mock-clover does not serve it"
    error = _error_of_host(method, path, reason)
    error.params["basis"] = (OPERATION_NOT_SERVED,)
    return error


def _error_of_host(method: str, path: str, reason: str) -> ApiError:
    if path.startswith(PLATFORM) and method == "POST":
        return METHOD_NOT_ALLOWED.error(method=method, reason=reason)
    basis = () if path.startswith(ECOMMERCE) else (UNKNOWN_PATH,)
    return PATH_NOT_FOUND.error(reason=reason, basis=basis)


def _is_known(method: str, path: str) -> bool:
    return any(each.method == method and _matches(each.path, path) for each in KNOWN_UNSERVED)


def _matches(pattern: str, path: str) -> bool:
    """Return whether a path has the form of a pattern with placeholders."""
    expected, parts = pattern.split("/"), path.split("/", _SEGMENTS_MAX)
    return len(expected) == len(parts) and all(
        part if each.startswith("{") else each == part
        for each, part in zip(expected, parts, strict=True)
    )


def _nearest(method: str, path: str, served: tuple[Operation, ...]) -> Operation | None:
    """Return the served operation whose path differs least: in one segment, or in its prefix."""
    if len(path) > _CHARS_MAX:
        return None
    parts = [part for part in path.split("/") if part][: _SEGMENTS_MAX + 1]
    lower = [part.lower() for part in parts]
    by_length: dict[int, list[tuple[Operation, list[str]]]] = {}
    for operation in served:
        segments = operation[1].split("/")[1:]
        if segments[0]:
            by_length.setdefault(len(segments), []).append((operation, segments))
    versioned = ["v1", *lower[1:]] if lower and _VERSION.fullmatch(lower[0]) else lower
    for candidate in (parts, versioned, lower, ["v1", *parts], parts[1:]):
        found = _with_one_difference(method, candidate, by_length.get(len(candidate), ()))
        if found is not None:
            return found
    # Other APIs have `/v1/charges/{id}/refund`.
    plurals = {f"/v1/{word}s" for word in lower}
    return next((each for each in served if each[0] == method and each[1] in plurals), None)


def _with_one_difference(
    method: str, parts: list[str], served: Iterable[tuple[Operation, list[str]]]
) -> Operation | None:
    """Return the nearest of the operations with as many segments; `served` has the segments."""
    exact: list[Operation] = []
    by_word: dict[str, dict[str, list[Operation]]] = {}  # by the word that was sent
    for operation, segments in served:
        different = [
            (expected, word)
            for expected, word in zip(segments, parts, strict=True)
            if expected != word and not expected.startswith("{")
        ]
        if not different:
            exact.append(operation)
        elif len(different) == 1:
            expected, word = different[0]
            by_word.setdefault(word, {}).setdefault(expected, []).append(operation)
    candidates = exact or [
        operation
        for word, expected_words in by_word.items()
        for operation in expected_words.get(nearest_word(word, expected_words, _SIMILARITY_MIN), ())
    ]
    same_method = [each for each in candidates if each[0] == method]
    return next(iter(same_method or candidates), None)
