"""Write the flows as a Postman collection (v2.1) or a Bruno collection."""

import json
import re
from typing import Any

from mock_clover.conformance.collection import Entry, Folder, about, expression

POSTMAN_SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
_NAME = "mock-clover: Clover's Ecommerce flows"


def as_postman(selected: list[Folder], environments: dict[str, dict[str, str]]) -> str:
    """Return a Postman collection with the variables of the first environment."""
    values = next(iter(environments.values()))
    collection = {
        "info": {"name": _NAME, "schema": POSTMAN_SCHEMA, "description": _description()},
        "item": [
            {
                "name": folder.flow.name,
                "description": "\n\n".join(about(folder)),
                "item": [_postman(entry) for entry in folder.entries],
            }
            for folder in selected
        ],
        "variable": [{"key": k, "value": v, "type": "string"} for k, v in values.items()],
    }
    return json.dumps(collection, indent=2, ensure_ascii=False) + "\n"


def _description() -> str:
    return (
        "Run the requests of each folder in order. The variables point to a local mock-clover; for "
        "Clover's sandbox, set its URLs and your credentials."
    )


def _postman(entry: Entry) -> dict[str, Any]:
    path, _, query = entry.url.partition("?")
    host, *parts = path.split("/")
    url: dict[str, Any] = {"raw": entry.url, "host": [host], "path": parts}
    if query:
        pairs = (pair.partition("=") for pair in query.split("&"))
        url["query"] = [{"key": key, "value": value} for key, _, value in pairs]
    request: dict[str, Any] = {
        "method": entry.request.method,
        "header": [{"key": k, "value": v} for k, v in entry.request.headers.items()],
        "url": url,
    }
    if entry.request.body:
        language = {"raw": {"language": "json" if entry.request.body[0] in "{[" else "text"}}
        request["body"] = {"mode": "raw", "raw": entry.request.body, "options": language}
    location = 'pm.response.headers.get("location")'
    assertion = f"pm.response.to.have.status({entry.status})"
    script = [
        f'pm.test("status is {entry.status}", () => {assertion});',
        *(
            f'pm.collectionVariables.set("{each.name}", '
            f"{expression(each, 'pm.response.json()', location)});"
            for each in entry.captures
        ),
    ]
    return {
        "name": entry.title,
        "event": [{"listen": "test", "script": {"type": "text/javascript", "exec": script}}],
        "protocolProfileBehavior": {"followRedirects": False},
        "request": request,
        "response": [],
    }


def as_bruno(selected: list[Folder], environments: dict[str, dict[str, str]]) -> dict[str, str]:
    """Return the files of a Bruno collection by file name."""
    manifest = {"version": "1", "name": _NAME.partition(":")[0], "type": "collection"}
    files = {"bruno.json": json.dumps(manifest, indent=2) + "\n"}
    for name, values in environments.items():
        lines = [f"{key}: {value}" for key, value in values.items() if value]
        secrets = [key for key, value in values.items() if not value]
        text = _block("vars", lines)
        if secrets:
            text += "vars:secret [\n" + ",\n".join(f"  {each}" for each in secrets) + "\n]\n"
        files[f"environments/{name}.bru"] = text
    for folder in selected:
        at = folder.flow.name
        docs = _block("docs", about(folder))
        files[f"{at}/folder.bru"] = _block("meta", [f"name: {at}"]) + "\n" + docs
        for entry in folder.entries:
            title = re.sub(r"[^A-Za-z0-9 ,-]+", "", entry.title)
            files[f"{at}/{entry.number:02d} {title}.bru"] = _bruno(entry)
    return files


def _bruno(entry: Entry) -> str:
    body = entry.request.body
    kind = "none" if not body else "json" if body[0] in "{[" else "text"
    location = "res.headers.location"
    blocks = [
        _block("meta", [f"name: {entry.title}", "type: http", f"seq: {entry.number}"]),
        _block(
            entry.request.method.lower(),
            [f"url: {entry.url}", f"body: {kind}", "auth: none"],
        ),
        _block("headers", [f"{k}: {v}" for k, v in entry.request.headers.items()]),
    ]
    if body:
        blocks.append(_block(f"body:{kind}", body.split("\n")))
    blocks.append(_block("assert", [f"res.status: eq {entry.status}"]))
    if entry.captures:
        script = [
            f'bru.setVar("{each.name}", {expression(each, "res.body", location)});'
            for each in entry.captures
        ]
        blocks.append(_block("script:post-response", script))
    if entry.status // 100 == 3:
        blocks.append(_block("settings", ["followRedirects: false"]))
    return "\n".join(blocks)


def _block(name: str, lines: list[str]) -> str:
    return f"{name} {{\n" + "".join(f"  {line}\n" for line in lines) + "}\n"
