"""Records, errors and facts that several resources share."""
