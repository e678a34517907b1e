"""Hosted checkout: sessions, the payment page and control endpoints."""
