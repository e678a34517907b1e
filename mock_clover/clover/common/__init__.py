"""Records, errors and behaviours shared by several resources."""
