"""The deprecated Developer Pay API."""
