"""The code that the journal offers is run by its language against a real server, and pays again."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from clover_server import Clover
from toolbox import TIMEOUT_SECONDS, Find

DECLINED = "4005571702222222"
HOSTILE = 'it\'s "quoted" $HOME `id` $(id) ${x} \\ %s\n</script> é 😀'
CASES = {
    "approved": ("4242424242424242", {"description": HOSTILE}, 200),
    "declined": (DECLINED, {"metadata": {HOSTILE: HOSTILE}}, 402),
    "read differently": ("4242424242424242", {"capture": "false", "unknown": HOSTILE}, 200),
}


def paid(clover: Clover, pan: str, more: dict[str, Any]) -> Any:
    """Pay, and return the exchange of the charge."""
    card = {"number": pan, "exp_month": "12", "exp_year": "2031", "cvv": "123"}
    key = {"apikey": clover.credentials["CLOVER_API_KEY"]}
    token = clover.call("POST", "/v1/tokens", {"card": card}, **key)[1]["id"]
    body = {"amount": 1800, "currency": "usd", "source": token} | more
    clover.call("POST", "/v1/charges", body, **{"idempotency-key": token[-8:]})
    return newest(clover)


def newest(clover: Clover) -> Any:
    number = clover.call("GET", "/_mock/journal?limit=1")[1]["data"][0]["id"]
    return clover.call("GET", f"/_mock/journal/{number}")[1]


def run(command: list[str], clover: Clover) -> str:
    """Run a program with the variables of `mock-clover env`, and return its output."""
    ran = subprocess.run(
        command,
        env={**clover.credentials, "PATH": "/usr/local/bin:/usr/bin:/bin"},
        capture_output=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout.decode() + ran.stderr.decode()
    return ran.stdout.decode()


@pytest.mark.parametrize(("pan", "more", "status"), CASES.values(), ids=CASES)
def test_code_pays_again(
    clover: Clover, tool: Find, tmp_path: Path, pan: str, more: dict[str, Any], status: int
) -> None:
    original = paid(clover, pan, more)
    files = {"python": "copied.py", "node": "copied.mjs", "pytest": "test_copied.py"}
    for name, file in files.items():
        (tmp_path / file).write_text(original["code"][name], "utf-8")

    def sent(command: Callable[[Path], list[str]], name: str) -> None:
        output = run(command(tmp_path / files[name]), clover)
        assert output.startswith(f"{status} "), output
        again = newest(clover)["exchange"]
        for member in ("request", "sent"):
            wanted = dict(original["exchange"].get(member) or {})
            got = dict(again.get(member) or {})
            assert wanted.pop("source", None) != got.pop("source", None) or not wanted
            assert got == wanted

    sent(lambda file: [sys.executable, "-I", str(file)], "python")
    sent(lambda file: [tool("node"), str(file)], "node")
    options = ("-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), "-W", "ignore")
    run([sys.executable, "-m", "pytest", *options, str(tmp_path / files["pytest"])], clover)


def test_curl_repeats_the_request(clover: Clover, tool: Find) -> None:
    tool("curl")
    original = paid(clover, "4242424242424242", {"description": HOSTILE})
    got = run(["sh", "-c", f"{original['curl']} -s"], clover)
    assert '"status":"succeeded"' in got  # the key is repeated: the same charge, not a second one
    assert newest(clover)["exchange"]["idempotency"] == "replayed"
    clover.call("GET", "/v1/charges?limit=1&created.gt=5&a[b]={c,d}")
    curl = newest(clover)["curl"]
    run(["sh", "-c", f"{curl} -s"], clover)
    assert newest(clover)["exchange"]["query"] == "limit=1&created.gt=5&a[b]=%7Bc,d%7D"
