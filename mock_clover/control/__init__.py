"""The control API under /_mock, which Clover does not have."""
