"""The Java program of docs/howto/wire-it-in.md runs."""

from pathlib import Path

from clover_server import Clover
from toolbox import Run

from tests.system.test_howto import blocks


def test_the_java_program_runs(tmp_path: Path, clover: Clover, java: Run) -> None:
    (program,) = blocks("howto/wire-it-in.md", "java")
    file = tmp_path / "Shop.java"
    file.write_text(program)
    card = {"number": "4005571702222222", "exp_month": "12", "exp_year": "2030"}
    token = clover.make_token(card)[1]["id"]
    environment = {"CLOVER_BASE_URL": f"http://127.0.0.1:{clover.port}", "CARD_TOKEN": token}
    assert java(str(file), clover, **environment) == 402
