"""The code that repeats a request is run: it sends the request, whatever the request contains."""

import builtins
import json
import shutil
import subprocess
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mock_clover.control.replay.code import code_samples
from mock_clover.control.replay.code_source import CodeSource
from mock_clover.control.replay.curl import curl_command
from mock_clover.control.replay.template import RequestTemplate
from mock_clover.core.record import encode
from mock_clover.sandbox.credentials import derive_credentials
from tests.strategies import JSON

CREDENTIALS = derive_credentials("fuzz", "default")
ENVIRONMENT = {
    "CLOVER_ACCESS_TOKEN": CREDENTIALS.access_token,
    "CLOVER_API_KEY": CREDENTIALS.api_key,
    "CLOVER_CLIENT_SECRET": CREDENTIALS.client_secret,
    "PATH": "/usr/local/bin:/usr/bin:/bin",
}
PIECES = st.sampled_from(
    (
        *(
            "'",
            '"',
            "\\",
            "$HOME",
            "$(id)",
            "`id`",
            "${x}",
            "\n",
            "\r",
            "\u2028",
            "\0",
            "%s",
            "{x}",
        ),
        *(
            "*/",
            "//",
            "#",
            "</script>",
            "__proto__",
            "\\u0041",
            "é",
            "😀",
            "'''",
            '"""',
            "\\\n",
            "!",
        ),
        *(CREDENTIALS.access_token, CREDENTIALS.client_secret, "\u202e", "\x7f", "@", "-d", "\t"),
    )
)
TEXTS = st.lists(PIECES | st.text(max_size=5), max_size=6).map("".join)
TREES = st.dictionaries(TEXTS, TEXTS | JSON | st.lists(TEXTS, max_size=3), max_size=4)
BODIES = TREES.map(lambda tree: encode(tree).decode()) | TEXTS
HEADERS = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20).map(str.strip)
"""Header values as they are kept: printable ASCII, without spaces at the ends."""
QUERIES = st.sampled_from(("", "?a=%27&b[c]=$x", "?a={1,2}&b=*", "?a=`id`;b|c&d='"))
TEMPLATES = st.builds(
    RequestTemplate,
    method=st.sampled_from(("POST", "PUT")),
    path=QUERIES.map("/v1/charges".__add__),
    headers=st.fixed_dictionaries({"content-type": st.just("application/json"), "x-note": HEADERS}),
    body=BODIES,
    credential=st.sampled_from(("access_token", "api_key", None)),
)
HOME = "http://127.0.0.1:1"
MANY = settings(max_examples=8, deadline=None)
LISTS = st.lists(TEMPLATES, min_size=20, max_size=40)


def source(template: RequestTemplate) -> CodeSource:
    return CodeSource(template, HOME, CREDENTIALS, "create_charge", 200, "")


def expected(template: RequestTemplate) -> dict[str, Any]:
    """Return the request that a template describes."""
    credential = {
        "access_token": {"authorization": f"Bearer {CREDENTIALS.access_token}"},
        "api_key": {"apikey": CREDENTIALS.api_key},
    }.get(template.credential or "", {})
    return {
        "method": template.method,
        "url": HOME + template.path,
        "headers": credential | template.headers,
        "body": template.body,
    }


def same(sent: dict[str, Any], template: RequestTemplate) -> bool:
    """Return whether a request is that of a template; JSON may be formatted differently."""
    wanted = expected(template)
    if sent == wanted:
        return True
    try:
        bodies = [json.loads(each["body"]) for each in (sent, wanted)]
    except ValueError:
        return False
    return bodies[0] == bodies[1] and sent | {"body": ""} == wanted | {"body": ""}


def run_python(code: str, **names: Any) -> list[dict[str, Any]]:
    """Run code with a stand-in for httpx, and return what it sends."""
    sent: list[dict[str, Any]] = []

    def request(method: str, url: str, *, headers: Any, **body: Any) -> SimpleNamespace:
        text = body["content"].decode() if "content" in body else ""
        if "json" in body:
            text, headers = json.dumps(body["json"]), headers | {"content-type": "application/json"}
        sent.append({"method": method, "url": url, "headers": headers, "body": text})
        return SimpleNamespace(status_code=200, text="")

    httpx = ModuleType("httpx")
    httpx.__dict__["request"] = request
    os = SimpleNamespace(environ=ENVIRONMENT)
    stands_in = {"httpx": httpx, "os": os}
    found = {
        "__import__": lambda name, *rest: stands_in.get(name) or __import__(name, *rest),
        "print": lambda *_: None,
    }
    space: dict[str, Any] = {"__builtins__": vars(builtins) | found}
    exec(compile(code, "copied", "exec"), space)
    if "test_create_charge" in space:
        space["test_create_charge"](SimpleNamespace(**names))
    return sent


@settings(max_examples=100, deadline=None)
@given(TEMPLATES)
@example(RequestTemplate(method="POST", path="/", body='{"a":"\\u2028\'\\"$x"}'))
def test_python_sends_the_request(template: RequestTemplate) -> None:
    code = code_samples(source(template))
    clover = {"url": HOME}
    members = ("access_token", "api_key", "client_secret")
    clover |= {name: getattr(CREDENTIALS, name) for name in members}
    for text in (code.python, code.pytest):
        (sent,) = run_python(text, **clover)
        assert same(sent, template), text


RECORDER = """
export const sent = [];
globalThis.fetch = async (url, options) => {
  sent.push({ method: options.method, url, headers: options.headers, body: options.body ?? "" });
  return { status: 200, text: async () => "", json: async () => ({}) };
};
console.log = () => {};
"""


@MANY
@given(templates=LISTS)
def test_node_sends_the_request(
    tmp_path_factory: pytest.TempPathFactory, templates: list[RequestTemplate]
) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node")
    folder = tmp_path_factory.mktemp("node")
    (folder / "recorder.mjs").write_text(RECORDER, "utf-8")
    lines = ['import { sent } from "./recorder.mjs";']
    for number, template in enumerate(templates):
        (folder / f"{number}.mjs").write_text(code_samples(source(template)).node, "utf-8")
        lines.append(f'await import("./{number}.mjs");')
    lines.append("process.stdout.write(JSON.stringify(sent));")
    (folder / "main.mjs").write_text("\n".join(lines), "utf-8")
    ran = subprocess.run(
        [node, str(folder / "main.mjs")],
        env=ENVIRONMENT,
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr.decode()
    for sent, template in zip(json.loads(ran.stdout), templates, strict=True):
        assert same(sent, template), template.body


STAND_IN = r"""
curl() {
    printf '%s\0' "$@"
    case "$*" in *--data-binary*) cat; printf '\0';; esac
    printf 'end\0'
}
"""


def request_of(words: list[str]) -> dict[str, Any]:
    """Return the request of a curl command."""
    words = [word for word in words if word != "-g"]
    request: dict[str, Any] = {"headers": {}, "body": ""}
    while words:
        word = words.pop(0)
        if word == "-X":
            request["method"] = words.pop(0)
        elif word == "-H":
            line = words.pop(0)
            name, _, value = (
                line[:-1].partition(";")
                if line.endswith(";") and ":" not in line
                else (line.partition(": "))
            )
            request["headers"][name] = value
        elif word in ("-d", "--data-raw"):
            assert word == "--data-raw" or not words[0].startswith("@")
            request["body"] = words.pop(0)
        elif word == "--data-binary":
            assert words.pop(0) == "@-"
            request["body"] = "\0".join(words)
            words = []
        else:
            request["url"] = word
    return request


@MANY
@given(templates=LISTS)
def test_curl_sends_the_request(templates: list[RequestTemplate]) -> None:
    script = STAND_IN + "\n".join(curl_command(source(each)) for each in templates)
    ran = subprocess.run(
        ["sh"],
        input=script.encode("utf-8", "surrogatepass"),
        env=ENVIRONMENT,
        capture_output=True,
        check=True,
        timeout=120,
    )
    assert ran.stderr == b""
    commands = ran.stdout.decode().split("\0end\0")[:-1]
    for text, template in zip(commands, templates, strict=True):
        assert same(request_of(text.split("\0")), template), curl_command(source(template))
