"""Charges: authorization, capture, void and lists."""
