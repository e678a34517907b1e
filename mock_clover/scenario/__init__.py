"""Scenarios: YAML files that define outcomes, decoded with the same record types as the API."""
