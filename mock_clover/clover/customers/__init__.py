"""Customers and their cards on file."""
