"""Names of merchants and people, by Faker under the sandbox's seed.

Faker takes a tenth of a second to import and 70 microseconds a name: it is imported at the first
name that is asked for, and never asked on the way of a payment.
"""

from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple


class Person(NamedTuple):
    """Somebody who does not exist."""

    first_name: str
    last_name: str
    email: str
    phone: str


@lru_cache(maxsize=1_000)
def merchant_name(seed: str) -> str:
    """Return the name of a sandbox's merchant."""
    return str(_faker(seed).company())


def people(seed: str, count: int) -> Iterator[Person]:
    """Yield people; equal seeds give equal ones, and no two have one address."""
    fake = _faker(seed)
    met: Counter[str] = Counter()
    for _ in range(count):
        first, last = fake.first_name(), fake.last_name()
        name = f"{first}.{last}".lower()
        met[name] += 1
        yield Person(
            first_name=first,
            last_name=last,
            email=f"{name}{met[name] if met[name] > 1 else ''}@example.com",
            phone=fake.numerify("21255501##"),
        )


def _faker(seed: str):  # type: ignore[no-untyped-def] # Faker is imported late
    from faker import Faker

    fake = Faker("en_US")
    fake.seed_instance(seed)
    return fake
