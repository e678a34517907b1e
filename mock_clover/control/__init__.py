"""The control surface under /_mock: what a real Clover does not have."""
