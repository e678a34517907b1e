"""The format of Clover's ids of charges, orders, customers, cards and merchants."""

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Their alphabet. Observed on 32 published ids."""
OBJECT_ID = "[0-9A-HJKMNP-TV-Z]{13}"
"""The regular expression of an id."""
