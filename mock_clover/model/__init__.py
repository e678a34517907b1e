"""What Clover knows: pure records and decisions, without clock, state or I/O."""
