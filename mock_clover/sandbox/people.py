"""Names of merchants and people, by Faker under the sandbox's seed.

Faker takes a tenth of a second to import and 70 microseconds a name: it is imported at the first
name that is asked for, and never asked on the way of a payment.
"""

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


@lru_cache(maxsize=1_000)
def person(seed: str) -> Person:
    """Return a person; equal seeds give equal people."""
    fake = _faker(seed)
    first, last = fake.first_name(), fake.last_name()
    return Person(
        first_name=first,
        last_name=last,
        email=f"{first}.{last}@example.com".lower(),
        phone=fake.numerify("212555####"),
    )


def _faker(seed: str):  # type: ignore[no-untyped-def] # Faker is imported late
    from faker import Faker

    fake = Faker("en_US")
    fake.seed_instance(seed)
    return fake
