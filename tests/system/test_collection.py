"""Collections of the golden flows: each is read as its tool would, and run on a real server."""

import itertools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from mock_clover.client import exchange
from mock_clover.conformance.flows import flows
from mock_clover.conformance.tools import POSTMAN_SCHEMA
from tests.guidance import check_none
from tests.runner import run_cli
from tests.served import Served
from tests.world import SEED

PUT_ASIDE = {
    "generating-a-card-token": ["Tokenize an encrypted card"],
    "oauth-v2": ["Migrate a legacy token"],
}
"""Flows without control calls of which something is left out; the others are whole."""


class Asked(NamedTuple):
    """A request as a file has it, its variables still in it."""

    name: str
    method: str
    url: str
    headers: dict[str, str]
    body: str
    status: int
    captures: dict[str, str]
    """JavaScript by the name of a variable."""


def collect(form: str, folder: Path, url: str) -> Path:
    """Make a fresh sandbox on a server and a collection for it."""
    made = exchange("PUT", f"{url}/_mock/sandboxes/for-{form}", {}, b"{}")
    assert made.status == 200
    path = folder / ("made.json" if form == "postman" else form)
    options = ["--url", url, "--sandbox", f"for-{form}", "--seed", SEED, "-o", str(path)]
    done = run_cli("export", "--format", form, *options)
    assert (done.code, done.stdout) == (0, ""), done.stderr
    return path


def captured(script: str, setter: str) -> dict[str, str]:
    return dict(re.findall(rf'^{re.escape(setter)}\("(\w+)", (.*)\);$', script, re.MULTILINE))


def evaluate(script: str, body: Any, headers: dict[str, str]) -> str:
    """Run the little JavaScript that takes a value from a reply."""
    header = re.fullmatch(r'.*(?:"location"\)|\.location)\.match\(/(.*)/\)\[1\]', script)
    if header:
        found = re.search(header[1], headers["location"])
        assert found, script
        return found[1]
    _, _, path = re.sub(r"json\(\)", "body", script).partition(".body")
    value = body
    for name, place in re.findall(r"\.(\w+)|\[(\d+)\]", path):
        value = value[name] if name else value[int(place)]
    assert isinstance(value, str), script
    return value


def run(asked: list[Asked], values: dict[str, str]) -> list[tuple[str, int]]:
    """Send all requests in their order; return those of another status than the file says."""
    values, fresh = dict(values), itertools.count()

    def filled(text: str) -> str:
        text = re.sub(r"\{\{\$\w+\}\}", lambda _: f"fresh-{next(fresh)}", text)
        return re.sub(r"\{\{(\w+)\}\}", lambda found: values[found[1]], text)

    wrong = []
    for each in asked:
        headers = {name: filled(value) for name, value in each.headers.items()}
        got = exchange(each.method, filled(each.url), headers, filled(each.body).encode() or None)
        if got.status != each.status:
            wrong.append((each.name, got.status))
            continue
        tree = json.loads(got.body) if each.captures and got.body else None
        for name, script in each.captures.items():
            values[name] = evaluate(script, tree, got.headers)
    return wrong


def read_http(folder: Path) -> Iterator[Asked]:
    for file in sorted(folder.glob("*.http")):
        for part in file.read_text().split("\n### ")[1:]:
            ask, _, script = part.partition("\n\n> {%\n")
            assert script.endswith(("%}\n", "%}\n\n", "%}")), part
            title, *lines = ask.split("\n\n", 1)[0].split("\n")
            lines = [line for line in lines if not line.startswith("#")]
            method, _, url = lines[0].partition(" ")
            status = re.search(r"response\.status === (\d+)", script)
            assert status
            yield Asked(
                title,
                method,
                url,
                dict(line.split(": ", 1) for line in lines[1:]),
                ask.partition("\n\n")[2],
                int(status[1]),
                captured(script, "client.global.set"),
            )


def read_postman(file: Path) -> Iterator[Asked]:
    for folder in json.loads(file.read_text())["item"]:
        for item in folder["item"]:
            script = "\n".join(item["event"][0]["script"]["exec"])
            status = re.search(r"to\.have\.status\((\d+)\)", script)
            assert status
            yield Asked(
                item["name"],
                item["request"]["method"],
                item["request"]["url"]["raw"],
                {each["key"]: each["value"] for each in item["request"]["header"]},
                item["request"].get("body", {}).get("raw", ""),
                int(status[1]),
                captured(script, "pm.collectionVariables.set"),
            )


def read_bru(text: str) -> dict[str, str]:
    """Return the blocks of a .bru file by name, their indent taken away."""
    found = re.findall(r"^([a-z:-]+) [{\[]\n(.*?)^[}\]]$", text, re.MULTILINE | re.DOTALL)
    return {name: re.sub(r"^  ", "", block, flags=re.MULTILINE) for name, block in found}


def pairs(block: str) -> dict[str, str]:
    return dict(line.split(": ", 1) for line in block.splitlines())


def read_bruno(folder: Path) -> Iterator[Asked]:
    for file in sorted(folder.glob("*/[0-9]*.bru")):
        blocks = read_bru(file.read_text())
        method = next(name for name in ("get", "post", "put", "delete", "patch") if name in blocks)
        asked = pairs(blocks[method])
        assert (asked["body"] == "none") == (f"body:{asked['body']}" not in blocks)
        yield Asked(
            pairs(blocks["meta"])["name"],
            method.upper(),
            asked["url"],
            pairs(blocks["headers"]),
            blocks.get(f"body:{asked['body']}", "").rstrip("\n"),
            int(pairs(blocks["assert"])["res.status"].removeprefix("eq ")),
            captured(blocks.get("script:post-response", ""), "bru.setVar"),
        )


def expected() -> list[str]:
    """Return the titles of all requests that need neither control calls nor cryptography."""
    return [
        example.title
        for flow in flows()
        if not any(example.path.startswith("/_mock/") for example in flow.examples)
        for example in flow.examples
        if example.title not in PUT_ASIDE.get(flow.name, ())
    ]


def check(asked: list[Asked], values: dict[str, str]) -> None:
    check_none(
        f"{name!r} gets {status}, and not the status of its example in tests/golden"
        for name, status in run(asked, values)
    )
    names = [each.name for each in asked]
    check_none(
        f"the collection has no request {title!r}; "
        "put it into PUT_ASIDE of tests/test_collection.py "
        "only if a client cannot send it"
        for title in expected()
        if title not in names
    )
    whole = "\n".join(f"{each.url}\n{each.headers}\n{each.body}" for each in asked)
    assert "/_mock/" not in whole
    assert [value for value in values.values() if value in whole] == []


def test_http_files_run(tmp_path: Path, served: Served) -> None:
    folder = collect("http", tmp_path, served.url)
    environments = json.loads((folder / "http-client.env.json").read_text())
    assert list(environments) == ["mock-clover", "clover-sandbox"]
    assert list(environments["mock-clover"]) == list(environments["clover-sandbox"])
    check(list(read_http(folder)), environments["mock-clover"])
    redirects = re.findall(r"# @no-redirect\n(\w+ \S+?)\?", (folder / "oauth-v2.http").read_text())
    assert redirects == ["GET {{oauth_url}}/oauth/v2/authorize"]


def test_the_postman_collection_runs(tmp_path: Path, served: Served) -> None:
    file = collect("postman", tmp_path, served.url)
    told = json.loads(file.read_text())
    values = {each["key"]: each["value"] for each in told["variable"]}
    check(list(read_postman(file)), values)


def test_the_postman_collection_has_what_its_schema_requires(tmp_path: Path) -> None:
    """v2.1 requires info.name, info.schema, item; of a request, what is typed is typed so."""
    told = json.loads(run_cli("export", "--format", "postman").stdout)
    assert set(told) == {"info", "item", "variable"}
    assert (told["info"]["schema"], type(told["info"]["name"])) == (POSTMAN_SCHEMA, str)
    assert all(set(each) == {"key", "value", "type"} for each in told["variable"])
    for folder in told["item"]:
        assert folder["item"], folder["name"]
        for item in folder["item"]:
            assert {"name", "request", "event", "response"} <= set(item)
            request, url = item["request"], item["request"]["url"]
            assert request["method"] in ("GET", "POST", "PUT", "DELETE", "PATCH")
            assert all(set(each) == {"key", "value"} for each in request["header"])
            query = "&".join(f"{each['key']}={each['value']}" for each in url.get("query", ()))
            joined = "/".join((*url["host"], *url["path"])) + (f"?{query}" if query else "")
            assert joined == url["raw"]
            if "body" in request:
                assert request["body"]["mode"] == "raw"
                assert request["body"]["options"]["raw"]["language"] in ("json", "text")
            for event in item["event"]:
                assert event["listen"] == "test"
                assert all(isinstance(line, str) for line in event["script"]["exec"])


def test_the_bruno_collection_runs(tmp_path: Path, served: Served) -> None:
    folder = collect("bruno", tmp_path, served.url)
    assert json.loads((folder / "bruno.json").read_text())["type"] == "collection"
    mock = read_bru((folder / "environments/mock-clover.bru").read_text())
    check(list(read_bruno(folder)), pairs(mock["vars"]))
    real = read_bru((folder / "environments/clover-sandbox.bru").read_text())
    known = [*pairs(real["vars"]), *re.findall(r"\w+", real["vars:secret"])]
    assert sorted(known) == sorted(pairs(mock["vars"]))


def test_what_is_left_out_is_said_where_it_would_stand(tmp_path: Path, served: Served) -> None:
    folder = collect("http", tmp_path, served.url)
    head = (folder / "recurring.http").read_text().partition("\n\n")[0]
    assert "# Skipped: Forty days pass; What the customer has been told (a control call" in head
    assert "(depends on a skipped step)" in head


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--format", "http"], "requires a directory"),
        (["--format", "insomnia"], "'insomnia' is not one of"),
        (["--format", "postman", "--only", "pay"], "unknown flow 'pay'"),
        (["--format", "bruno", "-o", "/dev/null/x"], "/dev/null/x"),
    ],
)
def test_what_cannot_be_written_is_said(args: list[str], said: str) -> None:
    done = run_cli("export", *args)
    assert (done.code, done.stdout) == (2, "")
    assert said in done.stderr
