"""`encrypted_pan` made by independent cryptography libraries from the keys that the server serves.

The blob in /assets/keys.json is a 256-byte modulus and a 256-byte left-padded exponent; the plain
text is "00000000" and the card number; the cipher is RSA-OAEP with SHA-1 and MGF1-SHA-1. No code of
ours encrypts: that would only show that it agrees with itself. Each library sends its token, and
then once more with a wrong last4.
"""

import base64
import json
import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from clover_server import Clover
from Crypto.Cipher import PKCS1_OAEP
from Crypto.Hash import SHA1
from Crypto.PublicKey import RSA
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from response_shape import response_shape
from toolbox import TIMEOUT_SECONDS, Find, Run, plain_environment

VISA, MC, AMEX, DINERS_CLUB = (
    ("4242424242424242", "VISA"),
    ("5204245250003294", "MC"),
    ("378282246310005", "AMEX"),
    ("30569309025904", "DINERS_CLUB"),
)
WRONG_LAST4 = "1234"
REFUSED = {
    "status": 400,
    "body": {
        "message": "400 Bad Request",
        "error": {
            "type": "invalid_request_error",
            "code": "invalid_number",
            "message": "Card last4 does not match the card number.",
        },
    },
}

Encrypt = Callable[[bytes, bytes, bytes], bytes]


def accepted(number: str, brand: str) -> dict[str, Any]:
    """The response to a token request with this card."""
    return {
        "status": 200,
        "body": {
            "id": "<token>",
            "object": "token",
            "card": {
                "exp_month": "12",
                "exp_year": "2030",
                "first6": number[:6],
                "last4": number[-4:],
                "brand": brand,
            },
        },
    }


def by_pycryptodome(plain: bytes, modulus: bytes, exponent: bytes) -> bytes:
    key = RSA.construct((int.from_bytes(modulus, "big"), int.from_bytes(exponent, "big")))
    return PKCS1_OAEP.new(key, hashAlgo=SHA1).encrypt(plain)


def by_cryptography(plain: bytes, modulus: bytes, exponent: bytes) -> bytes:
    oaep = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)
    return public_key(modulus, exponent).encrypt(plain, oaep)


def public_key(modulus: bytes, exponent: bytes) -> rsa.RSAPublicKey:
    numbers = (int.from_bytes(exponent, "big"), int.from_bytes(modulus, "big"))
    return rsa.RSAPublicNumbers(*numbers).public_key()


def fetch_key(clover: Clover, name: str = "TA_PUBLIC_KEY_DEV") -> tuple[bytes, bytes]:
    """Fetch the keys and split the blob."""
    status, keys = clover.call("GET", "/assets/keys.json")
    assert (status, sorted(keys)) == (200, ["TA_PUBLIC_KEY_DEV", "TA_PUBLIC_KEY_PROD"])
    blob = base64.b64decode(keys[name], validate=True)
    assert len(blob) == 512
    return blob[:256], blob[256:]


def card_of(number: str, encrypted_pan: str) -> dict[str, str]:
    return {
        "encrypted_pan": encrypted_pan,
        "first6": number[:6],
        "last4": number[-4:],
        "exp_month": "12",
        "exp_year": "2030",
        "cvv": "123",
    }


def send(clover: Clover, card: Any) -> dict[str, Any]:
    status, body = clover.make_token(card)
    return {"status": status, "body": response_shape(body)}


@pytest.mark.parametrize(("number", "brand"), [VISA, MC, AMEX, DINERS_CLUB])
@pytest.mark.parametrize("encrypt", [by_pycryptodome, by_cryptography])
def test_python(clover: Clover, encrypt: Encrypt, number: str, brand: str) -> None:
    cipher = encrypt(b"00000000" + number.encode(), *fetch_key(clover))
    card = card_of(number, base64.b64encode(cipher).decode())
    assert send(clover, card) == accepted(number, brand)
    assert send(clover, {**card, "last4": WRONG_LAST4}) == REFUSED


@pytest.mark.parametrize(("number", "brand"), [VISA, AMEX])
@pytest.mark.parametrize(
    "file", ["pan_builtin.cjs", "pan_webcrypto.cjs", "pan_node_rsa.cjs", "pan_forge.cjs"]
)
def test_node(clover: Clover, node: Run, file: str, number: str, brand: str) -> None:
    result = node(file, clover, CARD_NUMBER=number, WRONG_LAST4=WRONG_LAST4)
    assert response_shape(result) == {
        "blob": 512,
        "cipher": 256,
        "right": accepted(number, brand),
        "wrong": REFUSED,
    }


def test_java(clover: Clover, java: Run) -> None:
    """Java's MIME encoder breaks base64 with CRLF, which is accepted."""
    number, brand = MC
    result = java("EncryptPan.java", clover, CARD_NUMBER=number, WRONG_LAST4=WRONG_LAST4)
    assert response_shape(result) == {
        "blob": 512,
        "cipher": 256,
        "right": accepted(number, brand),
        "mime": accepted(number, brand),
        "wrong": REFUSED,
    }


OAEP = ("-pkeyopt", "rsa_padding_mode:oaep")
POSTING = (
    *("--silent", "--show-error", "--data-binary", "@-", "--write-out", "\n%{http_code}"),
    *("--header", "Content-Type: application/json"),
)


def test_openssl_and_curl(clover: Clover, tool: Find, tmp_path: Any) -> None:
    """With a shell: `openssl base64` breaks its lines, and curl posts them unchanged."""
    openssl, curl = tool("openssl"), tool("curl")
    key, url = (clover.credentials[name] for name in ("CLOVER_API_KEY", "CLOVER_BASE_URL"))
    number, brand = VISA
    pem = tmp_path / "key.pem"
    pem.write_bytes(
        public_key(*fetch_key(clover)).public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )

    def run(command: list[str], given: bytes) -> bytes:
        environment = plain_environment()
        return subprocess.run(
            command,
            input=given,
            env=environment,
            capture_output=True,
            check=True,
            timeout=TIMEOUT_SECONDS,
        ).stdout

    cipher = run(
        [openssl, "pkeyutl", "-encrypt", "-pubin", "-inkey", str(pem), *OAEP],
        b"00000000" + number.encode(),
    )
    broken = run([openssl, "base64"], cipher).decode()
    assert broken.count("\n") > 1
    output = run(
        [curl, *POSTING, "--header", f"apikey: {key}", f"{url}/v1/tokens"],
        json.dumps({"card": card_of(number, broken)}).encode(),
    )
    body, status = output.rsplit(b"\n", 1)
    result = {"status": int(status), "body": response_shape(json.loads(body))}
    assert result == accepted(number, brand)


def in_lines(text: str, width: int, end: str) -> str:
    return "".join(text[at : at + width] + end for at in range(0, len(text), width))


WRITINGS: dict[str, Callable[[str], str]] = {
    "Ruby's Base64.encode64: lines of 60, each with its end": lambda text: in_lines(text, 60, "\n"),
    "Python's encodebytes: lines of 76": lambda text: in_lines(text, 76, "\n"),
    "MIME: lines of 76 with CRLF": lambda text: in_lines(text, 76, "\r\n"),
    "PHP's chunk_split, indented by hand": lambda text: in_lines(text, 76, "\r\n\t  "),
    "a line end left by a shell": lambda text: text + "\n",
}


@pytest.mark.parametrize("write", WRITINGS.values(), ids=WRITINGS.keys())
def test_base64_with_whitespace_inside(clover: Clover, write: Callable[[str], str]) -> None:
    number, brand = VISA
    cipher = by_cryptography(b"00000000" + number.encode(), *fetch_key(clover))
    card = card_of(number, write(base64.b64encode(cipher).decode()))
    assert send(clover, card) == accepted(number, brand)
    assert send(clover, {**card, "last4": WRONG_LAST4}) == REFUSED


def test_slashes_that_php_escapes(clover: Clover) -> None:
    r"""PHP's json_encode writes `\/` for `/`, which is frequent in base64."""
    number, brand = VISA
    text = ""
    while "/" not in text:
        cipher = by_cryptography(b"00000000" + number.encode(), *fetch_key(clover))
        text = base64.b64encode(cipher).decode()
    body = json.dumps({"card": card_of(number, text)}).replace("/", "\\/")
    assert send(clover, body) == accepted(number, brand)


def test_the_production_key_in_the_sandbox(clover: Clover) -> None:
    """Three published samples use TA_PUBLIC_KEY_PROD with the sandbox."""
    number, brand = VISA
    key = fetch_key(clover, "TA_PUBLIC_KEY_PROD")
    cipher = by_pycryptodome(b"00000000" + number.encode(), *key)
    card = card_of(number, base64.b64encode(cipher).decode())
    assert send(clover, card) == accepted(number, brand)
