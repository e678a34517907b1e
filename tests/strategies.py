"""Strategies for bodies and queries, drawn from the types of the records that decode them."""

from typing import Any

import msgspec
from hypothesis import strategies as st
from msgspec import inspect

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)
"""Any JSON value."""


_PLAIN: dict[type[inspect.Type], st.SearchStrategy[Any]] = {
    inspect.BoolType: st.booleans(),
    inspect.NoneType: st.none(),
    inspect.AnyType: JSON,
    inspect.DictType: st.dictionaries(st.text(max_size=8), JSON, max_size=3),
}


def values_of(kind: inspect.Type) -> st.SearchStrategy[Any]:
    """Return a strategy for values that a type accepts. Raises KeyError for an unknown type."""
    match kind:
        case inspect.Metadata():
            return values_of(kind.type)
        case inspect.UnionType():
            return st.one_of(*map(values_of, kind.types))
        case inspect.StructType():
            return bodies_of(kind.cls)
        case inspect.ListType():
            return st.lists(values_of(kind.item_type), max_size=3)
        case inspect.LiteralType():
            return st.sampled_from(kind.values)
        case inspect.StrType():
            return _texts(kind)
        case inspect.IntType():
            return st.integers(kind.ge, kind.le)
        case inspect.FloatType():
            return st.floats(kind.ge, kind.le, allow_nan=False)
    return _PLAIN[type(kind)]


def _texts(kind: inspect.StrType) -> st.SearchStrategy[str]:
    if kind.pattern is not None:
        return st.from_regex(kind.pattern, fullmatch=True)
    return st.text(min_size=kind.min_length or 0, max_size=30)


def bodies_of(record: type[msgspec.Struct]) -> st.SearchStrategy[dict[str, Any]]:
    """Return a strategy for objects that decode to a record, with and without optional members."""
    needed, optional = {}, {}
    for field in msgspec.structs.fields(record):
        (needed if field.required else optional)[field.encode_name] = values_of(
            inspect.type_info(field.type)
        )
    return st.fixed_dictionaries(needed, optional=optional)


def mutated(bodies: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """Return a strategy for the same objects with members removed, replaced or added."""

    def mutate(body: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
        names = st.sampled_from(sorted(body)) if body else st.text(max_size=8)
        lost = st.sets(names, max_size=2)
        changed = st.dictionaries(names | st.text(max_size=8), JSON, max_size=2)
        return st.tuples(lost, changed).map(
            lambda drawn: {k: v for k, v in body.items() if k not in drawn[0]} | drawn[1]
        )

    return bodies.flatmap(mutate)
