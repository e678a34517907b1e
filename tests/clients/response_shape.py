"""Makes whole responses comparable: a generated value is replaced by the name of its kind.

A value is replaced only if it has the format of Clover's values (reference: identifiers, formats),
so a wrong format fails the comparison. A test can name known values, which shows that two responses
refer to the same object.
"""

import re
from collections.abc import Mapping
from typing import Any

# 13 characters of Crockford's base 32; also inside a sentence ("Charge with id … not found.").
ID = re.compile(r"(?<![0-9A-Za-z])[0-9A-HJKMNP-TV-Z]{13}(?![0-9A-Za-z])")
TOKEN = re.compile(r"clv_1TSTS[1-9A-HJ-NP-Za-km-z]{19}(?![0-9A-Za-z])")
WHOLE = {
    "auth_code": re.compile(r"OK\d{4}"),
    "authCode": re.compile(r"OK\d{4}"),
    "ref_num": re.compile(r"\d{12}"),
    "refNum": re.compile(r"\d{12}"),
}
TIMES = {"created", "createdTime", "modifiedTime", "lastAccessedTime", "paid"}
MS_MIN, MS_MAX = 1_500_000_000_000, 4_000_000_000_000

# A payment with Visa's test card.
APPROVED = {"network_status": "approved_by_network", "type": "authorized"}
EXPIRY = {"exp_month": "12", "exp_year": "2030"}
CARD = {"brand": "VISA", "first6": "424242", "last4": "4242"}
GATEWAY = {"ref_num": "<ref_num>", "auth_code": "<auth_code>", "outcome": APPROVED}


def charged(**members: Any) -> dict[str, Any]:
    """The response to the creation of a charge; no member is called `order` or `object`."""
    return {
        "payment_method_details": "card",
        "amount_refunded": 0,
        "currency": "USD",
        "created": "<ms>",
        **GATEWAY,
        "status": "succeeded",
        "ecomind": "ecom",
        **members,
    }


def response_shape(document: Any, names: Mapping[str, str] | None = None, key: str = "") -> Any:
    """Return the document with ids, tokens, codes and times replaced by `<kind>` or their name."""
    names = names or {}
    match document:
        case dict():
            return {name: response_shape(value, names, name) for name, value in document.items()}
        case list():
            return [response_shape(value, names, key) for value in document]
        case str():
            return of_text(document, names, key)
        case int() if key in TIMES and not isinstance(document, bool):
            return "<ms>" if MS_MIN < document < MS_MAX else document
        case _:
            return document


def of_text(text: str, names: Mapping[str, str], key: str) -> str:
    """Return a text with its generated values replaced."""
    if key in WHOLE and WHOLE[key].fullmatch(text):
        return f"<{key}>"
    if text in names:
        return f"<{names[text]}>"
    text = TOKEN.sub(lambda found: f"<{names.get(found[0], 'token')}>", text)
    return ID.sub(lambda found: f"<{names.get(found[0], 'id')}>", text)
