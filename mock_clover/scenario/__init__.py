"""Scenarios: YAML that says how test cards end, decoded through the same records as the API."""
