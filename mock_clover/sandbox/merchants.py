"""Credentials of a scenario's merchants: declared in the scenario, or derived from the seed.

A client on another machine can compute them from the scenario file.
"""

from typing import Any

from msgspec.structs import replace

from mock_clover.sandbox.credentials import Credentials, derive_credentials
from mock_clover.scenario.records import Merchant, Scenario, ScenarioError, Settings


def with_app_of(credentials: Credentials, other: Credentials) -> Credentials:
    """Return credentials with the client id and secret of `other`.

    Merchants at one address share an app.
    """
    return replace(credentials, client_id=other.client_id, client_secret=other.client_secret)


def scenario_credentials(
    scenario: Scenario, seed: str, name: str, merchant: str | None = None
) -> Credentials:
    """Return the credentials of a merchant of a scenario in the sandbox `name`.

    `merchant` defaults to the first. Raises ScenarioError for an unknown merchant.
    """
    credentials = derive_credentials(seed, name)
    if not scenario.merchants and merchant is None:
        return credentials
    own = scenario.merchants[0] if scenario.merchants else None
    if own is not None:
        credentials = apply_declared(own, credentials)
    if merchant is None or (own is not None and merchant == own.name):
        return credentials
    found = next((known for known in scenario.merchants if known.name == merchant), None)
    if found is None:
        names = ", ".join(known.name for known in scenario.merchants) or "none"
        raise ScenarioError(
            f"scenario {scenario.name} has no merchant {merchant!r}; it has: {names}"
        )
    return apply_declared(
        found, with_app_of(derive_credentials(seed, f"{name}.{merchant}"), credentials)
    )


def apply_declared(merchant: Merchant, credentials: Credentials) -> Credentials:
    """Return credentials, overridden by those that the scenario declares for a merchant."""
    names = credentials.__struct_fields__
    values = {name: value for name in names if (value := getattr(merchant, name)) is not None}
    return replace(credentials, **values)


def with_overrides(settings: Settings, overrides: dict[str, Any]) -> Settings:
    """Return settings with overrides; a dict changes some settings of a group."""
    return replace(
        settings,
        **{
            name: replace(getattr(settings, name), **value) if isinstance(value, dict) else value
            for name, value in overrides.items()
        },
    )
