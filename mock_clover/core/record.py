"""A record is the contract: one frozen struct for each thing on the wire.

Records never print a PAN, omit what is unset, and are not tracked by the garbage collector:
they form no cycles, and a hundred thousand of them must not slow a collection.
"""

from typing import Any

import msgspec

from mock_clover.core.masking import redact


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The base of all records."""

    def __repr__(self) -> str:
        """Show the fields that are set, card numbers masked."""
        shown = ", ".join(
            f"{name}={value!r}"
            for name in self.__struct_fields__
            if (value := getattr(self, name)) is not None
        )
        return redact(f"{type(self).__name__}({shown})")

    def __rich_repr__(self) -> Any:
        """Give rich, and pytest's pretty printer, the same masked view."""
        yield repr(self)


_encoder = msgspec.json.Encoder()
encode = _encoder.encode
decode_json: Any = msgspec.json.Decoder().decode
