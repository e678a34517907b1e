"""Ids in Clover's formats, generated from the sandbox's seed: equal flows get equal ids.

Each id takes one call of the random generator and one translation to the alphabet:
`secrets.choice` per character is forty times slower.
"""

import random
import time
from collections.abc import Callable
from hashlib import blake2b

from mock_clover.core.masking import redact
from mock_clover.core.object_id import CROCKFORD

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
"""Alphabet of `clv_` tokens. Observed on 19 sandbox samples."""

_TO_CROCKFORD = bytes(ord(CROCKFORD[byte % 32]) for byte in range(256))
_TO_BASE58 = bytes(ord(_BASE58[byte % 58]) for byte in range(256))

_REF_NUM_START = 500_000
"""`ref_num` ends in six digits, 500000 and up, in steps of five. Observed on 8 samples."""
_REF_NUM_COUNT = 100_000
_DAY_MS = 86_400_000


def derived_id(*parts: str) -> str:
    """Return the 13-character id of an object that is derived from others and not stored."""
    return (
        blake2b("\0".join(parts).encode(), digest_size=13)
        .digest()
        .translate(_TO_CROCKFORD)
        .decode()
    )


class Ids:
    """Generates ids deterministically from a seed."""

    __slots__ = ("_bits", "_day", "_random", "_ref_count", "_ref_day")

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)  # noqa: S311 - repeatable on purpose
        self._bits = self._random.getrandbits
        self._ref_count = 0
        self._day = -1
        self._ref_day = ""

    def state(self) -> tuple[int, tuple[int, ...]]:
        """Return the state that determines the next ids."""
        return self._ref_count, self._random.getstate()[1]

    def restore(self, state: tuple[int, tuple[int, ...]]) -> None:
        """Restore a state returned by `state`. Raises ValueError if it is invalid."""
        self._ref_count, words = state
        try:
            self._random.setstate((3, tuple(words), None))
        except (TypeError, OverflowError) as error:
            raise ValueError(f"invalid state of the id generator: {error}") from None

    def object_id(self) -> str:
        """Generate 13 Crockford characters, for example `J2RK5QKH6WCYE`."""
        return self._bits(104).to_bytes(13).translate(_TO_CROCKFORD).decode()

    def token_id(self) -> str:
        """Generate `clv_1TSTS` and 19 base58 characters, 28 in all."""
        return f"clv_1TSTS{self._bits(152).to_bytes(19).translate(_TO_BASE58).decode()}"

    def digits(self, count: int) -> str:
        """Generate a number of `count` digits, at most 18."""
        return f"{self._bits(64) % 10**count:0{count}d}"

    def uuid(self) -> str:
        """Generate a version-4 UUID, the format of OAuth codes and tokens."""
        return self._hex_without_pan(
            lambda d: f"{d[:8]}-{d[8:12]}-4{d[13:16]}-a{d[17:20]}-{d[20:]}",
        )

    def refresh_token(self) -> str:
        """Generate `clvroar-` and 32 hex digits."""
        return self._hex_without_pan(lambda digits: f"clvroar-{digits}")

    def auth_code(self) -> str:
        """Generate `OK` and four digits, the format of Clover's sandbox gateway."""
        return f"OK{self._bits(32) % 10_000:04d}"

    def ref_num(self, now_ms: int) -> str:
        """Return the next reference number: year (one digit), day of the year, 00, six digits."""
        day = now_ms // _DAY_MS
        if day != self._day:
            self._day = day
            date = time.gmtime(now_ms // 1000)
            self._ref_day = f"{date.tm_year % 10}{date.tm_yday:03d}00"
        self._ref_count = (self._ref_count + 1) % _REF_NUM_COUNT
        return f"{self._ref_day}{_REF_NUM_START + 5 * self._ref_count}"

    def _hex_without_pan(self, format_digits: Callable[[str], str]) -> str:
        """Generate 32 hex digits and format them; repeat if a snapshot would mask the result."""
        while True:
            text = format_digits(f"{self._bits(128):032x}")
            if redact(text) == text:
                return text


class PresetIds(Ids):
    """An id generator whose next ids can be preset.

    A preset id still consumes one random number, so that later ids do not depend on the presets.
    """

    __slots__ = ("_objects", "_tokens")

    def __init__(self, seed: str) -> None:
        super().__init__(seed)
        self._objects: list[str | None] = []
        self._tokens: list[str | None] = []

    def preset(self, *objects: str | None, token: str | None = None) -> None:
        """Set the next ids. None means that an id is generated."""
        self._objects, self._tokens = list(objects), [token]

    def object_id(self) -> str:
        """Return the preset id, or generate one."""
        generated = super().object_id()
        return (self._objects.pop(0) if self._objects else None) or generated

    def token_id(self) -> str:
        """Return the preset id, or generate one."""
        generated = super().token_id()
        return (self._tokens.pop(0) if self._tokens else None) or generated
