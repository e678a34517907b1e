"""Ids in Clover's formats, drawn from the sandbox's seed: equal flows get equal ids.

Each id is one draw of random bytes, translated to the alphabet in one call: `secrets.choice` per
character costs forty times as much.
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

_REF_FIRST = 500_000
"""`ref_num` ends in six digits, 500000 and up, in steps of five. Observed on 8 samples."""
_REF_STEPS = 100_000
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
    """Draws ids; deterministic for a seed."""

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
        """Restore a state. Raises ValueError for an invalid one."""
        self._ref_count, words = state
        try:
            self._random.setstate((3, tuple(words), None))
        except (TypeError, OverflowError) as error:
            raise ValueError(f"not a state of ids: {error}") from None

    def object_id(self) -> str:
        """Draw 13 Crockford characters, such as `J2RK5QKH6WCYE`."""
        return self._bits(104).to_bytes(13).translate(_TO_CROCKFORD).decode()

    def token_id(self) -> str:
        """Draw `clv_1TSTS` and 19 base58 characters, 28 in all."""
        return f"clv_1TSTS{self._bits(152).to_bytes(19).translate(_TO_BASE58).decode()}"

    def digits(self, count: int) -> str:
        """Draw a number of `count` digits, at most 18."""
        return f"{self._bits(64) % 10**count:0{count}d}"

    def uuid(self) -> str:
        """Draw a version-4 UUID, the format of OAuth codes and tokens."""
        return self._unlike_a_card(
            lambda d: f"{d[:8]}-{d[8:12]}-4{d[13:16]}-a{d[17:20]}-{d[20:]}",
        )

    def refresh_token(self) -> str:
        """Draw `clvroar-` and 32 hex digits."""
        return self._unlike_a_card(lambda digits: f"clvroar-{digits}")

    def auth_code(self) -> str:
        """Draw `OK` and four digits, the format of Clover's sandbox gateway."""
        return f"OK{self._bits(32) % 10_000:04d}"

    def ref_num(self, now_ms: int) -> str:
        """Return the next reference: last digit of the year, day of the year, 00, six digits."""
        day = now_ms // _DAY_MS
        if day != self._day:
            self._day = day
            date = time.gmtime(now_ms // 1000)
            self._ref_day = f"{date.tm_year % 10}{date.tm_yday:03d}00"
        self._ref_count = (self._ref_count + 1) % _REF_STEPS
        return f"{self._ref_day}{_REF_FIRST + 5 * self._ref_count}"

    def _unlike_a_card(self, write: Callable[[str], str]) -> str:
        """Draw 32 hex digits and format them; draw again if a snapshot would mask the result."""
        while True:
            text = write(f"{self._bits(128):032x}")
            if redact(text) == text:
                return text


class PresetIds(Ids):
    """Ids of which the next ones can be preset.

    A preset id still discards one draw, so that later ids do not depend on the presets.
    """

    __slots__ = ("_objects", "_tokens")

    def __init__(self, seed: str) -> None:
        super().__init__(seed)
        self._objects: list[str | None] = []
        self._tokens: list[str | None] = []

    def preset(self, *objects: str | None, token: str | None = None) -> None:
        """Set the next ids; None draws one."""
        self._objects, self._tokens = list(objects), [token]

    def object_id(self) -> str:
        """Return the preset id, or draw one."""
        drawn = super().object_id()
        return (self._objects.pop(0) if self._objects else None) or drawn

    def token_id(self) -> str:
        """Return the preset id, or draw one."""
        drawn = super().token_id()
        return (self._tokens.pop(0) if self._tokens else None) or drawn
