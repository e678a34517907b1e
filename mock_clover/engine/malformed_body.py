"""Say where a body is not JSON, and what was probably meant."""

import re

from mock_clover.core.masking import redact
from mock_clover.core.printable import printable

_MALFORMED = re.compile(r"JSON is malformed: (.{1,100}) \(byte ([0-9]{1,9})\)")
_ENCODING_CHARS_MAX = 40
_WORD = re.compile(rb"[A-Za-z]{1,12}")
_MEANT = {
    b"True": "true",
    b"False": "false",
    b"None": "null",
    b"undefined": "null",
    b"NaN": "null",
    b"Infinity": "null",
}
"""Words of Python and JavaScript that JSON does not have."""
_FORM = re.compile(rb"[\w.\[\]%-]{1,100}=")
_STARTS = {
    b"\xef\xbb\xbf": "; send UTF-8 without a byte order mark",
    b"\xff\xfe": "; it is UTF-16, send UTF-8",
    b"\xfe\xff": "; it is UTF-16, send UTF-8",
    b"\x1f\x8b": "; it is compressed with gzip, send it without a content-encoding",
    b"\x28\xb5\x2f\xfd": "; it is compressed with zstd, send it without a content-encoding",
    b"<": "; it is XML or HTML, send JSON",
    b"[object ": "; it is the text of a JavaScript object, use JSON.stringify",
}


def content_encoding(headers: dict[bytes, bytes]) -> str:
    """Return what the headers say that the body is compressed with, or ''."""
    encoding = headers.get(b"content-encoding", b"").strip().lower().decode("latin-1")
    return "" if encoding == "identity" else printable(redact(encoding)[:_ENCODING_CHARS_MAX])


def malformed_reason(body: bytes, message: str, encoding: str = "") -> str:
    """Return the sentence about a body that is not an object of JSON.

    `message`: that of the decoder. No text of the body is repeated, except the words above.
    `encoding`: what the body is compressed with.
    """
    match = _MALFORMED.fullmatch(message)
    if match is None:
        twice = "; is it encoded twice?" if message.endswith("got a string") else ""
        return f"the body: {message[:1].lower()}{message[1:]}{twice}"
    at = int(match[2])
    line, column = body.count(b"\n", 0, at) + 1, at - body.rfind(b"\n", 0, at)
    place = f"line {line}, column {column}"
    return f"the body is not JSON: {match[1]} at {place}{_hint(body, at, encoding)}"


def _hint(body: bytes, at: int, encoding: str) -> str:
    if encoding:
        return f"; it is compressed with {encoding}, send it without a content-encoding"
    for start, hint in _STARTS.items():
        if body.startswith(start):
            return hint
    if _FORM.match(body):
        return "; it is a form, send JSON"
    if body[at : at + 2] in (b"//", b"/*"):
        return "; JSON has no comments"
    if body[at : at + 1] == b"'":
        return "; use double quotes"
    word = _WORD.match(body, at)
    if word and word[0] in _MEANT:
        return f"; instead of {word[0].decode()}, write {_MEANT[word[0]]}"
    return "; put names in double quotes" if word and body[at - 1 : at] in b"{, " else ""
