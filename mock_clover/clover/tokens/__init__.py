"""Card tokens and other payment instruments."""
