"""The contract language: records, their facts, and how bytes become records."""
