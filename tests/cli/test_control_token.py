"""The file with the control token of `serve`."""

from pathlib import Path

import click
import pytest

from mock_clover.cli.control_token import resolve_token
from mock_clover.cli.serve import serve
from tests.command_line import run_cli

BAD = {
    "empty": b"",
    "blank": b" \n\n",
    "two lines": b"one\ntwo\n",
    "too long": b"x" * 4_097,
    "no text": b"\xff",
}


@pytest.mark.parametrize("content", [b"s3cret", b"s3cret\n", b"  s3cret\r\n"])
def test_a_file_holds_the_token(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "token"
    file.write_bytes(content)
    params = serve.make_context("serve", ["--control-token-file", str(file)]).params
    assert params["token_from_file"] == "s3cret"


@pytest.mark.parametrize("content", BAD.values(), ids=BAD)
def test_a_file_without_a_token_is_rejected(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "token"
    file.write_bytes(content)
    done = run_cli("serve", "--control-token-file", str(file))
    reason = "not UTF-8" if content == b"\xff" else "must contain the token on one line"
    said = f"mock-clover: --control-token-file {file}: {reason}\n"
    assert (done.code, done.stdout, done.stderr) == (2, "", said)


def test_a_missing_file_is_rejected(tmp_path: Path) -> None:
    done = run_cli("serve", "--control-token-file", str(tmp_path / "token"))
    said = f"mock-clover: --control-token-file {tmp_path / 'token'}: No such file or directory\n"
    assert (done.code, done.stderr) == (2, said)


def test_two_tokens_are_rejected() -> None:
    with click.Context(serve), pytest.raises(SystemExit):
        resolve_token("one", "two", print)
