"""The HTTP protocol classes of `mock-clover serve`."""
