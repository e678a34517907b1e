"""The message about a wrong value names the field and does not repeat a long text of the client."""

from typing import Annotated, Any, Literal

import msgspec
import pytest

from mock_clover.core.codec import Codec, ViolationsError
from mock_clover.core.record import Record

LONG = "x" * 100_000
PAN = "4539148803436467"


class Lamp(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A record with fields of each kind."""

    color: Literal["red", "blue"] | None = None
    parts: dict[str, int] | None = None
    code: Annotated[str, msgspec.Meta(pattern="^[a-z]{3}$")] | None = None


MESSAGES: dict[str, tuple[dict[str, Any], str]] = {
    "a value": ({"color": "green"}, 'color is "green"; must be one of red, blue'),
    "a number in a value": (
        {"color": f"green {PAN} 123"},
        'color is "green [card ...[digits]] [digits]"; must be one of red, blue',
    ),
    "a number and a quote": (
        {"color": f"it's {PAN} 123"},
        'color is "it\'s [card ...[digits]] [digits]"; must be one of red, blue',
    ),
    "a long value": (
        {"color": LONG},
        "color is a text of 100000 characters; must be one of red, blue",
    ),
    "a long value with a quote": (
        {"color": f"it's {LONG}"},
        "color is a text of 100005 characters; must be one of red, blue",
    ),
    "a long name": ({LONG: 1}, "Object contains unknown field of more than 300 characters"),
    "a name like a path": (
        {f"x` - at `$.{PAN}": 1},
        "Object contains unknown field `x` - at `$.[card ...6467]`",
    ),
    "a name like a long path": (
        {f"x` - at `$.{LONG}": 1},
        "Object contains unknown field of more than 300 characters",
    ),
    "a member": ({"parts": {LONG: "x"}}, "parts[...]: Expected `int`, got `str`"),
    "a long text": ({"code": LONG}, "code is a text of 100000 characters; must match ^[a-z]{3}$"),
}


@pytest.mark.parametrize(("tree", "message"), MESSAGES.values(), ids=MESSAGES)
def test_message_is_short_and_masked(tree: dict[str, Any], message: str) -> None:
    with pytest.raises(ViolationsError) as raised:
        Codec(Lamp).convert(tree)
    assert str(raised.value).startswith(message)
    assert len(str(raised.value)) < 400
    assert PAN not in str(raised.value)
