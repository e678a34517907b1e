"""Report what a client probably did not intend: what has no effect or was read differently.

The response, the log and the journal show both: members and headers without effect, and members
that were sent twice, in the header `x-mock-clover-ignored`, amounts with a fraction and a content
type that is not JSON in `x-mock-clover-why`. A request without these costs a few lookups; only
others are parsed again.
"""

import re
from collections.abc import Iterator
from itertools import chain, islice
from typing import Any, NamedTuple, get_args

from msgspec.structs import replace

from mock_clover.clover.common.problems import UNAUTHORIZED
from mock_clover.core.codec import (
    MalformedError,
    fields_without_effect,
    fractional_amounts,
    nearest_known_path,
    parse,
    unknown_fields,
)
from mock_clover.core.evidence import EvidenceLevel
from mock_clover.core.masking import redact, redact_field_name
from mock_clover.core.printable import printable
from mock_clover.core.record import Record
from mock_clover.core.repeated_members import Place, may_repeat_a_member, path_of, repeated_members
from mock_clover.core.suggestions import RATIO_MIN, nearest_word
from mock_clover.engine.endpoint import Endpoint, RawRequest
from mock_clover.engine.reply import Reply
from mock_clover.engine.request import query_fields
from mock_clover.sandbox.masking import cut_text
from mock_clover.scenario.records import DIALECTS

IGNORED_HEADER = b"x-mock-clover-ignored"
HEADER_BYTES_MAX = 512
"""Maximum length of the header's value, without the number of further members."""
_BRACE, _DOT = b"{."  # finding a byte by its number takes a fifth of the time
_JSON = b"application/json"
_FRACTION = re.compile(rb"[0-9]\.")
_IGNORED_MAX = 20
_WRAPPER_RATIO_MIN = 0.7
"""`metdata` is rather `metadata`, misspelt, than an object around the members of the body."""
_SEARCHED_FOR_REPEATS = 1_000
"""Exchanges of a sandbox."""
_COUNTED_MAX = 1_000
_NAME_CHARS_MAX = 128
_AMOUNTS_MAX = 3
_NOT_EMPTY = (b"idempotency-key", b"x-mock-clover-outcome", b"x-mock-clover-fault")
"""Headers that are empty by mistake, for example because a variable is not set."""
_TOKEN_PARAMETER = "access_token"  # noqa: S105 - the name of a query parameter
"""The platform API accepts its token in the query."""


def may_have_remarks(
    endpoint: Endpoint, raw: RawRequest, request: Record | None, earlier: int
) -> bool:
    """Return whether there may be a remark on a body. Fast: most bodies have none.

    `earlier`: the number of exchanges before this one. Only the first of a sandbox are searched for
    repeated members, because that adds 8 % to the time of a charge (in process, December 2026).
    """
    codec, body = endpoint.codec, raw.body
    return (
        (codec is not None and (type(request) is not codec.strict or body.find(_BRACE, 1) > 0))
        or _DOT in body
        or not raw.headers.get(b"content-type", _JSON).startswith(_JSON)
        or (earlier < _SEARCHED_FOR_REPEATS and may_repeat_a_member(body))
    )


def add_remarks(
    endpoint: Endpoint,
    raw: RawRequest,
    request: Record | None,
    reply: Reply,
    misspelt: tuple[str, ...] = (),
) -> tuple[Reply, tuple[str, ...]]:
    """Return a response with what a client should know about its request, and what was ignored.

    `misspelt`: headers without effect, with what was meant.
    """
    if reply.status == UNAUTHORIZED.status:
        return reply, ()
    for remark in _remarks_on_headers(endpoint, raw, request):
        reply = replace(reply, why=_with_remark(reply.why, remark))
    codec, body = endpoint.codec, raw.body
    is_flat = codec is None or not body or (type(request) is codec.strict and body.count(b"{") <= 1)
    has_no_fraction = _FRACTION.search(body) is None
    repeated = repeated_members(body) if endpoint.request is not None else []
    if is_flat and not raw.query and has_no_fraction and not misspelt and not repeated:
        return reply, ()
    tree = _tree_of(endpoint, raw)
    is_card = endpoint.has_card_data
    twice = (_Ignored("", repeated=place, has_card_data=is_card) for place in repeated)
    found = list(islice(chain(twice, _ignored(endpoint, raw, tree)), _COUNTED_MAX))
    texts = chain(misspelt, (each.text for each in found))
    ignored = tuple(islice(texts, _IGNORED_MAX))  # a suggestion takes a tenth of a millisecond
    if ignored:
        count = len(misspelt) + len(found)
        header = (IGNORED_HEADER, _header_value(ignored, count))
        reply = replace(reply, headers=(*reply.headers, header))
        if count > _IGNORED_MAX:
            ignored += (f"+{count - _IGNORED_MAX} more",)
    if endpoint.request is not None:
        amounts = "; ".join(islice(fractional_amounts(tree, endpoint.request), _AMOUNTS_MAX))
        if amounts:
            reply = replace(reply, why=_with_remark(reply.why, printable(redact(amounts))))
    return reply, ignored


def _remarks_on_headers(
    endpoint: Endpoint, raw: RawRequest, request: Record | None
) -> Iterator[str]:
    """Yield remarks on a content type that is not JSON, and on an unknown dialect."""
    media_type = raw.headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    is_read_as_json = request is not None and raw.body and endpoint.body_format == "json"
    if is_read_as_json and media_type and not media_type.endswith(b"json"):
        shown_type = _clean(media_type.decode("latin-1"))
        yield f"the content type is {shown_type}; the body was read as JSON: send application/json"
    for name in _NOT_EMPTY:
        if not raw.headers.get(name, b"-").strip():
            yield f"the header {name.decode()} is empty, so it has no effect"
    dialect = raw.headers.get(b"x-mock-clover-dialect")
    if dialect is not None and dialect.strip().lower().decode("latin-1") not in DIALECTS:
        near = nearest_word(dialect.decode("latin-1"), DIALECTS)
        suggestion = f"; did you mean `{near}`?" if near else ""
        yield f"x-mock-clover-dialect must be one of {', '.join(DIALECTS)}{suggestion}"


def _with_remark(why: str, remark: str) -> str:
    """Return a reason with a remark, before the source of an error."""
    for level in get_args(EvidenceLevel):
        before, mark, source = why.rpartition(f" ({level}: ")
        if mark and source.endswith(")"):
            return f"{before}; {remark}{mark}{source}"
    return f"{why}; {remark}"


def with_ignored(reply: Reply) -> str:
    """Return the reason of a response, with what it says was ignored."""
    ignored = next((value for name, value in reply.headers if name == IGNORED_HEADER), b"")
    return f"{reply.why}; ignored {ignored.decode()}" if ignored else reply.why


def _tree_of(endpoint: Endpoint, raw: RawRequest) -> Any:
    """Return the parsed body; None if there is none."""
    try:
        if endpoint.body_format == "json_or_form":
            return query_fields(raw.body) if raw.body[:1] not in (b"{", b"[") else parse(raw.body)
        return parse(raw.body) if raw.body and endpoint.request is not None else None
    except MalformedError:
        return None


class _Ignored(NamedTuple):
    """A member of the body or of the query without effect; `record` has the known members."""

    path: str
    record: type[Record] | None = None
    prefix: str = ""
    is_known: bool = False
    is_wrapper: bool = False
    repeated: Place = ()
    """The place of a member that was sent twice, which has no path yet."""
    has_card_data: bool = False

    @property
    def text(self) -> str:
        """The member with a suggestion, masked, as one line of ASCII."""
        path = path_of(self.repeated) if self.repeated else self.path
        path = redact_field_name(path) if self.has_card_data else path
        name = f"{self.prefix}{_clean(path)}"
        if "idempot" in name.lower():
            return f"{name} (did you mean the header idempotency-key?)"
        if self.repeated:
            return f"{name} (sent more than once, the last value was used)"
        if self.is_known:
            return f"{name} (accepted, without effect)"
        ratio_min = _WRAPPER_RATIO_MIN if self.is_wrapper else RATIO_MIN
        near = nearest_known_path(path, self.record, ratio_min) if self.record is not None else ""
        if near:
            return f"{name} (did you mean {_clean(near)}?)"
        return f"{name} (its members belong on the level above)" if self.is_wrapper else name


def _ignored(endpoint: Endpoint, raw: RawRequest, tree: Any) -> Iterator[_Ignored]:
    """Yield the members of the body and of the query that have no effect."""
    record = endpoint.request
    if record is not None:
        for path in unknown_fields(tree, record):
            inner = tree.get(path) if isinstance(tree, dict) else None
            is_wrapper = isinstance(inner, dict) and len(inner) > len(
                list(unknown_fields(inner, record))
            )
            is_card = endpoint.has_card_data
            yield _Ignored(path, record, is_wrapper=is_wrapper, has_card_data=is_card)
        for path in fields_without_effect(tree, record):
            yield _Ignored(path, is_known=True)
    try:
        parameters = query_fields(raw.query) if raw.query else {}
    except MalformedError:
        return
    known = record if endpoint.body_format == "json_or_form" else endpoint.query
    if endpoint.surface.preprocess is not None:
        parameters.pop(_TOKEN_PARAMETER, None)
    unknown = parameters if known is None else unknown_fields(parameters, known)
    for name in unknown:
        yield _Ignored(name, known, "query ")


def _clean(name: str) -> str:
    """Return the name of a member as one masked line of ASCII, cut if it is long."""
    text = printable(redact(cut_text(name, _NAME_CHARS_MAX)))
    return text.encode("ascii", "backslashreplace").decode()


def _header_value(texts: tuple[str, ...], count: int) -> bytes:
    """Return the members for the header; those that do not fit are counted."""
    shown: list[str] = []
    for text in texts:
        if len(", ".join((*shown, text))) > HEADER_BYTES_MAX:
            break
        shown.append(text)
    if len(shown) < count:
        shown.append(f"+{count - len(shown)} more")
    return ", ".join(shown).encode("ascii", "backslashreplace")
