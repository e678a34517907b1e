"""One request: from its complete bytes to its response, and what happens to its connection."""
