"""Records, errors and facts shared by several resources."""
