"""Requests of the journal, sent again, edited or copied as code."""
