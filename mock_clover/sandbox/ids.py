"""Ids in Clover's formats, drawn from the sandbox's seed: equal flows give equal ids.

One draw of random bytes per id, translated into the alphabet at once: `secrets.choice` per
character costs forty times as much.
"""

import random
import time
from collections.abc import Callable
from hashlib import blake2b

from mock_clover.core.masking import redact

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Alphabet of charge, order, customer, card and merchant ids. Observed on 32 published ids."""
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
"""Alphabet of `clv_` tokens. Observed on 19 sandbox samples."""

_TO_CROCKFORD = bytes(ord(_CROCKFORD[byte % 32]) for byte in range(256))
_TO_BASE58 = bytes(ord(_BASE58[byte % 58]) for byte in range(256))

_REF_FIRST = 500_000
"""`ref_num` ends in six digits, 500000 and up, in steps of five. Observed on 8 samples."""
_REF_STEPS = 100_000
_DAY_MS = 86_400_000


def derived_id(*parts: str) -> str:
    """Return the 13-character id of a thing that follows from others and is not kept itself."""
    return (
        blake2b("\0".join(parts).encode(), digest_size=13)
        .digest()
        .translate(_TO_CROCKFORD)
        .decode()
    )


class Ids:
    """Draws ids; deterministic under its seed."""

    __slots__ = ("_bits", "_day", "_random", "_ref_count", "_ref_day")

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)  # noqa: S311 - repeatable on purpose
        self._bits = self._random.getrandbits
        self._ref_count = 0
        self._day = -1
        self._ref_day = ""

    def state(self) -> tuple[int, tuple[int, ...]]:
        """Return all that decides the next ids."""
        return self._ref_count, self._random.getstate()[1]

    def restore(self, state: tuple[int, tuple[int, ...]]) -> None:
        """Go on from a state. Raises ValueError for what is none."""
        self._ref_count, words = state
        try:
            self._random.setstate((3, tuple(words), None))
        except (TypeError, OverflowError) as error:
            raise ValueError(f"no state of ids: {error}") from None

    def object_id(self) -> str:
        """Draw 13 Crockford characters, as `J2RK5QKH6WCYE`."""
        return self._bits(104).to_bytes(13).translate(_TO_CROCKFORD).decode()

    def token_id(self) -> str:
        """Draw `clv_1TSTS` and 19 base58 characters, 28 in all."""
        return f"clv_1TSTS{self._bits(152).to_bytes(19).translate(_TO_BASE58).decode()}"

    def digits(self, count: int) -> str:
        """Draw so many digits, up to 18."""
        return f"{self._bits(64) % 10**count:0{count}d}"

    def uuid(self) -> str:
        """Draw a version-4 UUID, as OAuth's codes and tokens are."""
        return self._unlike_a_card(
            lambda d: f"{d[:8]}-{d[8:12]}-4{d[13:16]}-a{d[17:20]}-{d[20:]}",
        )

    def refresh_token(self) -> str:
        """Draw `clvroar-` and 32 hex digits."""
        return self._unlike_a_card(lambda digits: f"clvroar-{digits}")

    def auth_code(self) -> str:
        """Draw `OK` and four digits, as the sandbox gateway gives."""
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
        """Draw 32 hex digits and write them; what a snapshot would mask as a card is drawn anew."""
        while True:
            text = write(f"{self._bits(128):032x}")
            if redact(text) == text:
                return text


class PresetIds(Ids):
    """Ids of which the next may be given beforehand.

    A draw is made and thrown away for each, so that what comes later does not depend on it.
    """

    __slots__ = ("_objects", "_tokens")

    def __init__(self, seed: str) -> None:
        super().__init__(seed)
        self._objects: list[str | None] = []
        self._tokens: list[str | None] = []

    def preset(self, *objects: str | None, token: str | None = None) -> None:
        """Say what the next draws are to give; None leaves it to the draw."""
        self._objects, self._tokens = list(objects), [token]

    def object_id(self) -> str:
        """Give what was promised, or draw."""
        drawn = super().object_id()
        return (self._objects.pop(0) if self._objects else None) or drawn

    def token_id(self) -> str:
        """Give what was promised, or draw."""
        drawn = super().token_id()
        return (self._tokens.pop(0) if self._tokens else None) or drawn
