"""Orders, their payments and returns."""
