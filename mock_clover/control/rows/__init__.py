"""The rows of a sandbox, with their timelines and links."""
