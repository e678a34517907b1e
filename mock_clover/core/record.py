"""The bases of all values: `Record` for each object on the wire, `Value` for everything else.

They never print a PAN. The garbage collector does not track them: they form no cycles, and
100,000 of them must not slow down garbage collection.
"""

from typing import Any

import msgspec

from mock_clover.core.masking import redact


class Value(msgspec.Struct, frozen=True, gc=False):
    """The base of frozen values."""

    def __repr__(self) -> str:
        """Return the fields that are set, with card numbers masked."""
        fields = ", ".join(
            f"{name}={value!r}"
            for name in self.__struct_fields__
            if (value := getattr(self, name)) is not None
        )
        return redact(f"{type(self).__name__}({fields})")

    def __rich_repr__(self) -> Any:
        """Return the same masked repr to rich and to pytest's pretty printer."""
        yield repr(self)


class Record(Value, frozen=True, kw_only=True, omit_defaults=True):
    """The base of all records. Unset fields are omitted on the wire."""


class SecretRecord(Record, frozen=True, kw_only=True):
    """The base of records with card data or credentials: their repr shows no values."""

    def __repr__(self) -> str:
        """Return the name of the record."""
        return f"{type(self).__name__}(...)"


_encoder = msgspec.json.Encoder()
encode = _encoder.encode
decode_json: Any = msgspec.json.Decoder().decode
