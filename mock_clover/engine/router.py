"""Route paths to endpoints."""

from collections.abc import Iterable, Iterator
from functools import cache
from itertools import product

from mock_clover.engine.endpoint import Endpoint
from mock_clover.engine.unknown_path import method_error, path_error

RouteMatch = tuple[Endpoint, tuple[str, ...]]
Segments = tuple[str | frozenset[str] | None, ...]
"""The segments of a path that its key lacks: None for an id, a set for a choice of values."""
Pattern = tuple[Segments, dict[str, Endpoint]]
"""These segments, and the endpoints of the path by method."""
RouteKey = tuple[int | str, ...]
"""The number of segments and the first two of them; of two segments, the first."""
Choices = tuple[tuple[str, tuple[str, ...]], ...]
"""The placeholders of a path that have a choice of values, and the values."""


class Router:
    """Finds endpoints by method and path.

    A path without ids takes one lookup. Other paths are looked up by the number of segments and the
    first two of them, then matched against the few patterns with that key: scanning all routes
    would take 9 microseconds per request.
    """

    def __init__(self, endpoints: Iterable[Endpoint], base: "Router | None" = None) -> None:
        """Add endpoints to a copy of `base`; copying is much faster than adding them again."""
        self._exact: dict[tuple[str, str], RouteMatch] = dict(base._exact) if base else {}
        self._patterns_by_key: dict[RouteKey, tuple[Pattern, ...]] = (
            dict(base._patterns_by_key) if base else {}
        )
        changed: dict[RouteKey, dict[Segments, dict[str, Endpoint]]] = {}
        for endpoint in endpoints:
            for path in filter(None, (endpoint.path, endpoint.path_alias)):
                if "{" not in path:
                    self._exact[endpoint.method, path] = (endpoint, ())
                key, pattern = _parse(path, tuple(endpoint.path_choices.items()))
                if key not in changed:
                    changed[key] = dict(self._patterns_by_key.get(key, ()))
                by_method = changed[key].get(pattern, {})
                changed[key][pattern] = by_method | {endpoint.method: endpoint}
        for key, by_pattern in changed.items():
            self._patterns_by_key[key] = tuple(by_pattern.items())

    def find(self, method: str, path: str) -> RouteMatch:
        """Return the endpoint of a path and the ids in the path. HEAD is served as GET.

        Raises PATH_NOT_FOUND or METHOD_NOT_ALLOWED.
        """
        if method == "HEAD":
            method = "GET"
        found = self._exact.get((method, path))
        if found is not None:
            return found
        key, rest = _split(path)
        other_methods: dict[str, Endpoint] | None = None
        for pattern, by_method in self._patterns_by_key.get(key, ()):
            ids = _match_pattern(pattern, rest)
            if ids is not None:
                if method in by_method:
                    return by_method[method], ids
                other_methods = by_method
        if other_methods is not None:
            raise method_error(method, path, self._operations())
        raise path_error(method, path, self._operations())

    def _operations(self) -> Iterator[tuple[str, str]]:
        """Iterate over the methods and paths of all endpoints."""
        for patterns in self._patterns_by_key.values():
            for _, by_method in patterns:
                for method, endpoint in by_method.items():
                    choices = endpoint.path_choices
                    for values in product(*choices.values()):
                        path = endpoint.path
                        for name, value in zip(choices, values, strict=True):
                            path = path.replace(f"{{{name}}}", value)
                        yield method, path

    def allowed_methods(self, path: str) -> tuple[str, ...]:
        """Return the methods that a path supports."""
        return tuple(self.endpoints_at(path))

    def endpoints_at(self, path: str) -> dict[str, Endpoint]:
        """Return the endpoints of a path by method."""
        key, rest = _split(path)
        return {
            method: endpoint
            for pattern, by_method in self._patterns_by_key.get(key, ())
            if _match_pattern(pattern, rest) is not None
            for method, endpoint in by_method.items()
        }


@cache
def _parse(path: str, choices: Choices) -> tuple[RouteKey, Segments]:
    """Return where the pattern of a path is kept, and the pattern. Cached for further servers."""
    key, rest = _split(path)
    if any(str(part).startswith("{") for part in key):
        raise ValueError(f"{path}: an id must be the last or the third segment or later")
    sets = {f"{{{name}}}": frozenset(values) for name, values in choices}
    return key, tuple(sets.get(part) if part.startswith("{") else part for part in rest)


def _split(path: str) -> tuple[RouteKey, list[str]]:
    """Return the key of a path, and its segments that the key lacks."""
    parts = path.split("/")[1:]
    known = 2 if len(parts) > 2 else 1
    return (len(parts), *parts[:known]), parts[known:]


def _match_pattern(pattern: Segments, rest: list[str]) -> tuple[str, ...] | None:
    ids = []
    for expected, part in zip(pattern, rest, strict=True):
        if expected is None:
            if not part:
                return None
            ids.append(part)
        elif isinstance(expected, frozenset):
            if part not in expected:
                return None
            ids.append(part)
        elif expected != part:
            return None
    return tuple(ids)
