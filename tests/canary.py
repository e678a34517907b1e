"""Canary card data: numbers, where to send them, and how to find leaks."""

import gc
import json
import re
import types
from collections.abc import Iterator
from typing import Any

import msgspec

from mock_clover.sandbox.keys import encrypt_pan
from tests.hostile import FORWARDED, HttpRequest

PAN = "4539148803436467"
LONG_PAN = "4916338506082832009"
"""Nineteen digits; both pass the Luhn check and are in no scenario."""
CVV = "7391"
PANS = (PAN, LONG_PAN)

_PAN_ANYHOW = re.compile("|".join("[ -]?".join(pan) for pan in PANS))
_CVV_ALONE = re.compile(rf"(?<![0-9A-Za-z]){CVV}(?![0-9A-Za-z])")


def find_leaks(text: str) -> list[str]:
    """Return where a text contains a canary's number or CVV, each with its context."""
    found = (*_PAN_ANYHOW.finditer(text), *_CVV_ALONE.finditer(text))
    return [text[max(0, hit.start() - 40) : hit.end() + 20] for hit in found]


def spellings(pan: str) -> dict[str, str]:
    """Return a number in the ways people write it."""
    fours = [pan[at : at + 4] for at in range(0, len(pan), 4)]
    return {"plain": pan, "with spaces": " ".join(fours), "with dashes": "-".join(fours)}


def requests(blob: str, spelt: str) -> dict[str, HttpRequest]:
    """Return requests with the number in every possible place, valid and invalid, by name.

    `blob` is the server's public key. The CVV is sent only in fields for a CVV.
    """
    pan = re.sub("[^0-9]", "", spelt)
    return {
        **{f"token: {name}": sent for name, sent in _tokens(blob, spelt, pan).items()},
        **{f"body: {name}": sent for name, sent in _bodies(spelt, pan).items()},
        **{
            f"target: {name}": HttpRequest("GET", path)
            for name, path in _targets(spelt, pan).items()
        },
        **{f"header: {name}": _charge(headers=result) for name, result in _headers(spelt).items()},
    }


def _tokens(blob: str, spelt: str, pan: str) -> dict[str, HttpRequest]:
    card = {"number": spelt, "exp_month": "12", "exp_year": "2035", "cvv": CVV}
    sealed = {
        "encrypted_pan": encrypt_pan(blob, pan),
        "exp_month": "12",
        "exp_year": "2035",
        "cvv": CVV,
        "first6": pan[:6],
        "last4": pan[-4:],
    }
    cards: dict[str, Any] = {
        "plain": card,
        "encrypted": sealed,
        "a wrong expiry": card | {"exp_year": "2001"},
        "a month that is none": card | {"exp_month": "13"},
        "a number for a month": card | {"exp_month": spelt},
        "a wrong brand": card | {"brand": "NONE"},
        "a number for a brand": card | {"brand": spelt},
        "another last4": sealed | {"last4": "0000"},
        "a number for last4": sealed | {"last4": spelt},
        "another first6": card | {"first6": "000000"},
        "a wrong check digit": card | {"number": f"{spelt[:-1]}{(int(spelt[-1]) + 1) % 10}"},
        "a number that is no text": card | {"number": int(pan)},
        "a CVV that is no text": card | {"cvv": int(CVV)},
        "a CVV in a list": card | {"cvv": [CVV]},
        "a number in a list": card | {"number": [spelt]},
        "a number as its own ciphertext": sealed | {"encrypted_pan": spelt},
        "a ciphertext of other things": sealed | {"encrypted_pan": encrypt_pan(blob, f"{pan} x")},
        "numbers for name and address": card | {"name": spelt, "address_line1": spelt},
        "a number for a zip code": card | {"address_zip": spelt},
        "unknown members": card | {"cvc": CVV, "pan": spelt, spelt: spelt},
        "a text for a card": spelt,
        "a list for a card": [card],
        "nothing for a card": None,
    }
    sent = {name: _json("POST", "/v1/tokens", {"card": each}) for name, each in cards.items()}
    whole = json.dumps({"card": card}).encode()
    form = f"card[number]={spelt}&card[cvv]={CVV}".encode()
    return sent | {
        "a card at the top": _json("POST", "/v1/tokens", card),
        "broken JSON": HttpRequest("POST", "/v1/tokens", whole[:-3], FORWARDED),
        "JSON with a tail": HttpRequest("POST", "/v1/tokens", whole + b"x", FORWARDED),
        "JSON with a byte that is none": HttpRequest(
            "POST", "/v1/tokens", whole + b"\xff", FORWARDED
        ),
        "a form": HttpRequest("POST", "/v1/tokens", form, FORWARDED),
        "without a key": HttpRequest("POST", "/v1/tokens", whole, auth=False),
        "with the wrong method": HttpRequest("PUT", "/v1/tokens", whole),
    }


def _charge(headers: dict[str, str] | None = None, **members: Any) -> HttpRequest:
    """Return a charge of a customer's card; `{customer}` in its text is a placeholder."""
    body = {"amount": 100, "currency": "usd", "source": "{customer}"} | members
    raw = json.dumps(body).encode()
    return HttpRequest("POST", "/v1/charges", raw, FORWARDED | (headers or {}))


def _json(method: str, path: str, body: Any) -> HttpRequest:
    return HttpRequest(method, path, json.dumps(body).encode(), FORWARDED)


def _bodies(spelt: str, pan: str) -> dict[str, HttpRequest]:
    card = {"number": spelt, "cvv": CVV, "exp_month": "12", "exp_year": "2035"}
    item = {"amount": 100, "description": spelt}
    order = {"currency": "usd", "items": [item]}
    return {
        "description": _charge(description=f"card {spelt}"),
        "metadata": _charge(metadata={"number": spelt, spelt: "value", "list": [int(pan)]}),
        "member name": _charge(**{spelt: "value"}),
        "member name in the other dialect": _charge(
            headers={"x-mock-clover-dialect": "documented"}, **{spelt: "value"}
        ),
        "free objects": _charge(
            soft_descriptor={"a": spelt}, level2={spelt: 1}, level3={"b": [pan]}
        ),
        "a customer that is ignored": _charge(customer={"phone": spelt}),
        "free texts": _charge(external_customer_reference=spelt, site_url=spelt),
        "reference that is too long": _charge(external_reference_id=spelt),
        "e-mail address": _charge(receipt_email=f"{pan}@example.com"),
        "bad e-mail address": _charge(receipt_email=spelt),
        "amount": _charge(amount=int(pan)),
        "amount as text": _charge(amount=spelt),
        "tip": _charge(tip_amount=int(pan)),
        "currency": _charge(currency=spelt),
        "a word of a list": _charge(ecomind=spelt),
        "a word deep in a list": _charge(stored_credentials={"initiator": spelt}),
        "source": _charge(source=spelt),
        "a card for a source": _charge(source=card),
        "a card beside": _charge(card=card),
        "broken JSON": HttpRequest(
            "POST", "/v1/charges", f'{{"source":"{spelt}"'.encode(), FORWARDED
        ),
        "a form": HttpRequest("POST", "/oauth/token", f"client_id={spelt}&code={spelt}".encode()),
        "refund": _json("POST", "/v1/refunds", {"charge": spelt, "metadata": {"a": spelt}}),
        "reason of a refund": _json("POST", "/v1/refunds", {"charge": "x", "reason": spelt}),
        "customer": _json(
            "POST",
            "/v1/customers",
            {
                "email": f"{pan}@example.com",
                "source": "{token}",
                "firstName": spelt,
                "lastName": spelt,
                "name": spelt,
                "phone": spelt,
                "shipping": {"a": spelt},
            },
        ),
        "source of a customer": _json(
            "POST", "/v1/customers", {"email": "jo@example.com", "source": spelt}
        ),
        "item description": _json("POST", "/v1/orders", order),
        "item parent and type": _json(
            "POST", "/v1/orders", order | {"items": [{"parent": spelt, "type": spelt}]}
        ),
        "order": _json(
            "POST", "/v1/orders", order | {"email": f"{pan}@example.com", "metadata": {"a": spelt}}
        ),
        "customer of an order": _json("POST", "/v1/orders", order | {"customer": spelt}),
    }


def _targets(spelt: str, pan: str) -> dict[str, str]:
    result = spelt.replace(" ", "%20")
    return {
        "charge": f"/v1/charges/{result}",
        "token": f"/v1/tokens/{result}",
        "refund": f"/v1/refunds/{result}",
        "order": f"/v1/orders/{result}",
        "customer": f"/v1/customers/{result}",
        "card": f"/v1/customers/{result}/sources/{result}",
        "capture": f"/v1/charges/{result}/capture",
        "no path of ours": f"/{result}/{result}",
        "a control path": f"/_mock/{result}",
        "sandbox": f"/sandbox/{pan}/v1/charges/x",
        "escaped digits": f"/v1/charges/{''.join(f'%{ord(digit):02x}' for digit in pan)}",
        "within letters": f"/v1/charges/x{pan}x",
        "query": f"/v1/charges?customer={result}&created.gt={result}&{result}={result}",
        "cursor": f"/v1/charges?starting_after={result}",
        "limit": f"/v1/charges?limit={result}",
        "query of a token": f"/v1/tokens/x?number={result}",
        "exchange": f"/oauth/token?client_id={result}&client_secret={result}&code={result}",
        "agreement": f"/oauth/authorize?client_id={result}&state={result}",
        "state": f"/oauth/authorize?client_id={{client_id}}&state={result}",
        "target of an agreement": f"/oauth/authorize?client_id={{client_id}}&redirect_uri={result}",
        "journal": f"/_mock/journal?endpoint={result}",
        "root": f"/?number={result}",
    }


def _headers(spelt: str) -> dict[str, dict[str, str]]:
    return {
        "idempotency key": {"idempotency-key": spelt},
        "bearer": {"authorization": f"Bearer {spelt}"},
        "API key": {"apikey": spelt},
        "forwarded for": {"x-forwarded-for": spelt},
        "user agent": {"user-agent": spelt},
        "cookie": {"cookie": f"number={spelt}"},
        "dialect": {"x-mock-clover-dialect": spelt},
        "request id": {"x-request-id": spelt},
    }


def texts_within(root: object) -> Iterator[str]:
    """Yield every text that is reachable from an object by the garbage collector.

    It does not track records, so their fields are read by name. Classes, functions and modules are
    skipped: they lead to everything, also to this module's constants.
    """
    seen: set[int] = set()
    ahead: list[object] = [root]
    while ahead:
        each = ahead.pop()
        if id(each) in seen or isinstance(each, _CODE):
            continue
        seen.add(id(each))
        if isinstance(each, str | int | float):
            yield str(each)
        elif isinstance(each, bytes | bytearray):
            yield each.decode("latin-1")
        elif isinstance(each, msgspec.Struct):
            ahead += [getattr(each, name) for name in each.__struct_fields__]
        else:
            ahead += gc.get_referents(each)


_CODE = (type, types.ModuleType, types.FunctionType, types.CodeType, types.FrameType)
