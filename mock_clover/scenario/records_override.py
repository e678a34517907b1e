"""Setting overrides: records that have all settings of a scenario, each of them optional."""

from typing import Any, TypeVar, get_type_hints

import msgspec

from mock_clover.core.record import Record
from mock_clover.scenario.records import Settings

_Base = TypeVar("_Base", bound=Record)


def with_settings(base: type[_Base]) -> type[_Base]:
    """Return a subclass with all settings; None keeps the scenario's value."""
    types = get_type_hints(Settings, include_extras=True)
    fields = [(name, types[name] | None, None) for name in Settings.__struct_fields__]
    namespace = {"__doc__": base.__doc__}
    subclass: Any = msgspec.defstruct(
        base.__name__, fields, bases=(base,), namespace=namespace, frozen=True, kw_only=True
    )
    return subclass  # type: ignore[no-any-return] # typed as the base


def overrides_in(record: Record) -> dict[str, Any]:
    """Return the settings that are set in a record."""
    values = ((name, getattr(record, name)) for name in Settings.__struct_fields__)
    return {name: value for name, value in values if value is not None}
