"""The format of Clover's ids for charges, orders, customers, cards and merchants."""

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""The alphabet of the ids. Observed on 32 published ids."""
OBJECT_ID = "[0-9A-HJKMNP-TV-Z]{13}"
"""The regular expression of an id."""
