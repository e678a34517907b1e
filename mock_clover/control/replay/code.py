"""Code that repeats a request of the journal: Python, Node and a pytest test.

Credentials are environment variables, or those of the fixture. A text of the request is quoted for
its language, so that nothing in it is code.
"""

import re
from collections.abc import Callable
from json import dumps
from typing import Any, NamedTuple

from mock_clover.control.replay.code_source import (
    KEY_HEADER,
    CodeSource,
    TextPart,
    credential_headers,
    split_secrets,
)
from mock_clover.core.codec import MalformedError, parse
from mock_clover.core.printable import printable
from mock_clover.core.record import Record, encode

_ARMED = "next: "
_WIDTH = 80
_TOKEN = "token"  # noqa: S105 - the name of a variable
_PATH_ID = re.compile(r"/([0-9A-Z]{13}|clv_[0-9A-Za-z]{24})(?=/|$)")
_EXACT_MAX = 2**53 - 1
"""The largest integer that JavaScript represents exactly, with all smaller ones."""
_DEFAULT_SCENARIO = "sandbox"
_IDS_MAX = 5


class CodeSamples(Record, frozen=True, kw_only=True):
    """Code that repeats a request; it may send a new token, and a new idempotency key."""

    python: str
    """With httpx."""
    node: str
    """An ES module."""
    pytest: str
    """With the fixture `mock_clover`."""


class _Language(NamedTuple):
    """How a language writes what a request needs."""

    text: Callable[[str], str]
    variable: Callable[[TextPart], str]
    constants: dict[Any, str]
    new_key: str


def _joined(source: CodeSource, language: _Language, text: str) -> str:
    """Return an expression for a text, in which the sandbox's secrets are variables."""
    parts = split_secrets(source, text) or [TextPart(text="")]
    return " + ".join(
        language.variable(part) if part.variable else language.text(part.text) for part in parts
    )


def _value(source: CodeSource, language: _Language, tree: Any, indent: str) -> str:
    """Return an expression for JSON: on one line if it is short, else one line for each member."""
    inner = indent + "    "
    if isinstance(tree, dict | list):
        if isinstance(tree, dict):
            opening, closing = "{", "}"
            items = [
                f"{language.text(name)}: {_value(source, language, each, inner)}"
                for name, each in tree.items()
            ]
        else:
            opening, closing = "[", "]"
            items = [_value(source, language, each, inner) for each in tree]
        line = f"{opening}{', '.join(items)}{closing}"
        if len(indent) + len(line) <= _WIDTH and "\n" not in line:
            return line
        lines = "".join(f"{inner}{item},\n" for item in items)
        return f"{opening}\n{lines}{indent}{closing}"
    if isinstance(tree, str):
        is_token = source.template.card is not None and tree == source.template.token
        return _TOKEN if is_token else _joined(source, language, tree)
    return str(tree) if type(tree) is int else language.constants[tree]


def _tree_of(text: str) -> Any:
    """Return the JSON of a body if code can write it without a change, else None."""
    try:
        tree = parse(text.encode())
    except MalformedError:
        return None
    if not isinstance(tree, dict) or encode(tree).decode() != text:
        return None
    return tree if _is_exact(tree) else None


def _is_exact(tree: Any) -> bool:
    """Return whether all languages read JSON the same way when it is written as code."""
    if isinstance(tree, dict):  # a literal with __proto__ sets the prototype of an object
        return "__proto__" not in tree and all(map(_is_exact, tree.values()))
    if isinstance(tree, list):
        return all(map(_is_exact, tree))
    is_number = isinstance(tree, int | float) and not isinstance(tree, bool)
    return not is_number or (isinstance(tree, int) and abs(tree) <= _EXACT_MAX)


def _headers(source: CodeSource, language: _Language, indent: str, *, has_type: bool) -> str:
    """Return the headers as a literal; a new key if the body is another, or the key is unknown."""
    template = source.template
    headers = {**credential_headers(source), **template.headers}
    is_new_body = template.card is not None
    needs_key = template.needs_key or (is_new_body and KEY_HEADER in headers)
    lines = [
        f"{language.text(name)}: {_joined(source, language, value)}"
        for name, value in headers.items()
        if not (needs_key and name == KEY_HEADER) and not (has_type and name == "content-type")
    ]
    lines += [f"{language.text(KEY_HEADER)}: {language.new_key}"] if needs_key else []
    return "{\n" + "".join(f"{indent}    {line},\n" for line in lines) + f"{indent}}}"


def _python_text(text: str) -> str:
    """Return a literal in double quotes, unless the text has some."""
    literal = repr(f"'{text}")
    return f'"{literal[2:]}' if literal[0] == '"' else repr(text)


_PYTHON_CONSTANTS = {True: "True", False: "False", None: "None"}
_PYTHON = _Language(
    text=_python_text,
    variable=lambda part: f'os.environ["{part.variable}"]',
    constants=_PYTHON_CONSTANTS,
    new_key="str(uuid.uuid4())",
)
_FIXTURE = _PYTHON._replace(variable=lambda part: f"mock_clover.{part.member}")
_NODE = _Language(
    text=dumps,
    variable=lambda part: f"process.env.{part.variable}",
    constants={True: "true", False: "false", None: "null"},
    new_key="crypto.randomUUID()",
)


def code_samples(source: CodeSource) -> CodeSamples:
    """Return the code of an exchange."""
    return CodeSamples(python=_python(source), node=_node(source), pytest=_pytest(source))


def _python_request(source: CodeSource, language: _Language, base: str, indent: str) -> str:
    """Return the call of httpx; its other lines begin with `indent`."""
    template, inner = source.template, indent + "    "
    tree = _tree_of(template.body)
    headers = _headers(source, language, inner, has_type=tree is not None)
    lines = [
        f"{_python_text(template.method)},",
        f"{base} + {_python_text(template.path)},",
        f"headers={headers},",
    ]
    if tree is not None:
        lines.append(f"json={_value(source, language, tree, inner)},")
    elif template.body:
        text = _joined(source, language, template.body)
        lines.append(f"content={f'({text})' if ' + ' in text else text}.encode(),")
    body = "".join(f"{inner}{line}\n" for line in lines)
    return f"{indent}response = httpx.request(\n{body}{indent})\n"


def _python(source: CodeSource) -> str:
    card = source.template.card
    request = _python_request(source, _PYTHON, "base_url", "")
    used = [name for name in ("os", "uuid") if f"{name}." in request + "os."]
    token = ""
    if card is not None:
        body = _value(source, _PYTHON, {"card": card.fields()}, "    ")
        token = (
            "created = httpx.post(\n"
            '    base_url + "/v1/tokens",\n'
            '    headers={"apikey": os.environ["CLOVER_API_KEY"]},\n'
            f"    json={body},\n"
            ")\n"
            'token = created.raise_for_status().json()["id"]\n'
        )
    imports = "".join(f"import {name}\n" for name in used)
    return (
        f"{imports}\nimport httpx\n\n"
        f'base_url = os.environ.get("CLOVER_BASE_URL", {_python_text(source.base_url)})\n'
        f"{token}{request}print(response.status_code, response.text)\n"
    )


def _pytest(source: CodeSource) -> str:
    template = source.template
    request = _python_request(source, _FIXTURE, "mock_clover.url", "    ")
    imports = "import uuid\n\n" if "uuid." in request else ""
    lines = [f"    # {line}\n" for line in _remarks(source)]
    if source.why.startswith(_ARMED):
        outcome = source.why.removeprefix(_ARMED).partition(":")[0].partition(" ")[0]
        lines.append(f"    mock_clover.next({_python_text(outcome)})\n")
    if template.card is not None:
        lines.append(f"    token = mock_clover.card_token({_python_text(template.card.number)})\n")
    expected = (
        f"    assert response.status_code == {source.status}, response.text\n"
        if source.status is not None
        else ""
    )
    name = source.operation or "request"
    return (
        f"{imports}import httpx\n\n\ndef test_{name}(mock_clover):\n"
        f"{''.join(lines)}{request}{expected}"
    )


def _remarks(source: CodeSource) -> list[str]:
    """Return what a test in a new sandbox lacks."""
    remarks = []
    if source.scenario not in ("", _DEFAULT_SCENARIO):
        name = printable(source.scenario)
        remarks = [f"The request had the scenario {name!r}: @pytest.mark.mock_clover(scenario=...)"]
    found = [*_PATH_ID.findall(source.template.path)]
    for name in ("source", "charge", "token"):
        tree = _tree_of(source.template.body) or {}
        value = tree.get(name)
        if isinstance(value, str) and value != source.template.token and value.isalnum():
            found.append(value)
    if found:
        listed = ", ".join(found[:_IDS_MAX])
        remarks.append(f"Create these first, a new sandbox does not have them: {listed}")
    return remarks


def _node(source: CodeSource) -> str:
    template = source.template
    token, card = "", template.card
    if card is not None:
        body = _value(source, _NODE, {"card": card.fields()}, "    ")
        token = (
            "const created = await fetch(`${baseUrl}/v1/tokens`, {\n"
            '    method: "POST",\n'
            "    headers: {\n"
            "        apikey: process.env.CLOVER_API_KEY,\n"
            '        "content-type": "application/json",\n'
            "    },\n"
            f"    body: JSON.stringify({body}),\n"
            "});\n"
            "const token = (await created.json()).id;\n"
        )
    lines = [
        f"method: {dumps(template.method)},",
        f"headers: {_headers(source, _NODE, '    ', has_type=False)},",
    ]
    tree = _tree_of(template.body)
    if tree is not None:
        lines.append(f"body: JSON.stringify({_value(source, _NODE, tree, '    ')}),")
    elif template.body:
        lines.append(f"body: {_joined(source, _NODE, template.body)},")
    options = "".join(f"    {line}\n" for line in lines)
    return (
        "// Node 18 or later, as an ES module (.mjs)\n"
        f"const baseUrl = process.env.CLOVER_BASE_URL ?? {dumps(source.base_url)};\n"
        f"{token}"
        f"const response = await fetch(baseUrl + {dumps(template.path)}, {{\n{options}}});\n"
        "console.log(response.status, await response.text());\n"
    )
