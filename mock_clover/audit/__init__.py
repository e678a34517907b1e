"""The audit: rules that find the mistakes of an integration in its journal and rows."""
