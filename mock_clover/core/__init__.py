"""Records, their evidence, and the codec that decodes and validates them."""
