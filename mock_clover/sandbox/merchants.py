"""Credentials of a scenario's merchants: what it declares, and what follows from the seed.

A client on another machine can compute them from the scenario's file.
"""

import msgspec

from mock_clover.sandbox.credentials import Credentials, derive
from mock_clover.scenario.records import Merchant, Scenario, ScenarioError


def of_app(known: Credentials, other: Credentials) -> Credentials:
    """Return credentials of the same app as others: merchants at one address share it."""
    return msgspec.structs.replace(
        known, client_id=other.client_id, client_secret=other.client_secret
    )


def credentials_in(
    scenario: Scenario, seed: str, name: str, merchant: str | None = None
) -> Credentials:
    """Compute the credentials of a scenario's merchant, its first without a name, in a sandbox.

    Raises ScenarioError for a merchant that it does not have.
    """
    known = derive(seed, name)
    if not scenario.merchants and merchant is None:
        return known
    own = scenario.merchants[0] if scenario.merchants else None
    if own is not None:
        known = declared(own, known)
    if merchant is None or (own is not None and merchant == own.name):
        return known
    found = next((each for each in scenario.merchants if each.name == merchant), None)
    if found is None:
        names = ", ".join(each.name for each in scenario.merchants) or "none"
        raise ScenarioError(
            f"scenario {scenario.name} has no merchant {merchant!r}; it has: {names}"
        )
    return declared(found, of_app(derive(seed, f"{name}.{merchant}"), known))


def declared(merchant: Merchant, known: Credentials) -> Credentials:
    """Return credentials in which what a merchant declares stands."""
    names = known.__struct_fields__
    given = {name: told for name in names if (told := getattr(merchant, name)) is not None}
    return msgspec.structs.replace(known, **given)
