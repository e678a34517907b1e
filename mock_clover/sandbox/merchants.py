"""Credentials of a scenario's merchants: declared in the scenario, or derived from the seed.

A client on another machine can compute them from the scenario's file.
"""

from msgspec.structs import replace

from mock_clover.sandbox.credentials import Credentials, derive
from mock_clover.scenario.records import Merchant, Scenario, ScenarioError


def of_app(credentials: Credentials, other: Credentials) -> Credentials:
    """Return credentials with the app of others: merchants at one address share the app."""
    return replace(credentials, client_id=other.client_id, client_secret=other.client_secret)


def credentials_in(
    scenario: Scenario, seed: str, name: str, merchant: str | None = None
) -> Credentials:
    """Return the credentials of a merchant of a scenario in the sandbox `name`.

    `merchant` defaults to the first. Raises ScenarioError for an unknown merchant.
    """
    credentials = derive(seed, name)
    if not scenario.merchants and merchant is None:
        return credentials
    own = scenario.merchants[0] if scenario.merchants else None
    if own is not None:
        credentials = declared(own, credentials)
    if merchant is None or (own is not None and merchant == own.name):
        return credentials
    found = next((each for each in scenario.merchants if each.name == merchant), None)
    if found is None:
        names = ", ".join(each.name for each in scenario.merchants) or "none"
        raise ScenarioError(
            f"scenario {scenario.name} has no merchant {merchant!r}; it has: {names}"
        )
    return declared(found, of_app(derive(seed, f"{name}.{merchant}"), credentials))


def declared(merchant: Merchant, credentials: Credentials) -> Credentials:
    """Return credentials with those that a merchant declares in the scenario."""
    names = credentials.__struct_fields__
    values = {name: value for name in names if (value := getattr(merchant, name)) is not None}
    return replace(credentials, **values)
