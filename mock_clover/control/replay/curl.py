"""A curl command that repeats a request of the journal, quoted for a POSIX shell."""

import re
import shlex

from mock_clover.control.replay.code_source import (
    KEY_HEADER,
    CodeSource,
    credential_headers,
    split_secrets,
)

_NEEDS_NO_QUOTING = re.compile(r"[A-Za-z: -]*")
_GLOB = re.compile(r"[\[\]{}]")


def curl_command(source: CodeSource) -> str:
    """Return a shell command that repeats a request."""
    template, body = source.template, source.template.body
    method = f" -X {template.method}"
    if not body:
        method = {"GET": "", "HEAD": " --head"}.get(template.method, method)
    url = source.base_url + template.path
    parts = [f"curl{' -g' if _GLOB.search(url) else ''}{method} {shlex.quote(url)}"]
    for name, value in {**credential_headers(source), **template.headers}.items():
        line = f"{name}: {value}" if value else f"{name};"  # curl drops a header that ends in `:`
        parts.append("-H " + _shell_text(source, line))
    if template.needs_key:
        parts.append(f'-H "{KEY_HEADER}: $(date +%s)-$$"')
    if "\0" in body:  # no argument of a command contains a NUL
        octal = body.replace("\\", "\\\\").replace("\0", "\\0000")
        return f"printf %b {shlex.quote(octal)} | {' '.join(parts)} --data-binary @-"
    if body:
        option = "--data-raw" if body.startswith("@") else "-d"  # -d reads the file after an @
        parts.append(f"{option} {_shell_text(source, body)}")
    return " ".join(parts)


def _shell_text(source: CodeSource, text: str) -> str:
    """Quote a text for a shell; replace the sandbox's secrets with variables."""
    parts = split_secrets(source, text)
    if len(parts) == 2 and parts[1].variable and _NEEDS_NO_QUOTING.fullmatch(parts[0].text):
        return f'"{parts[0].text}${parts[1].variable}"'
    return "".join(
        f'"${part.variable}"' if part.variable else shlex.quote(part.text) for part in parts
    )
