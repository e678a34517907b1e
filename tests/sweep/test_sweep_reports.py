"""The reports of a sweep, and the file of `--resume`."""

from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from msgspec.structs import replace

from mock_clover.core.record import decode_json, encode
from mock_clover.sweep.money import Money, Position
from mock_clover.sweep.records import Cell, Missed, Options, SweepError, SweepResult
from mock_clover.sweep.report_html import as_html
from mock_clover.sweep.report_junit import as_junit
from mock_clover.sweep.report_text import as_text
from mock_clover.sweep.resume import ResumeFile
from tests.audit.report_shapes import junit_errors

HOSTILE = '</pre><script>alert("&1")</script>\x1b[31m\x00'
PAID = Position(charge="C1", payer="card 424242...4242", currency="USD", captured=1800)
LOST = Cell(
    call="create_charge#1",
    fault="drop:after_commit",
    verdict="lost_money",
    reasons=("the command reported success", "18.00 USD charged twice"),
    exit=0,
    reconcile_exit=None,
    ledger=Money(positions=(PAID, replace(PAID, charge="C2"))),
    repeat="mock-clover sweep --only create_charge#1:drop:after_commit -- shop",
    merged=("create_charge#2",),
    journal=("#1 POST /v1/charges lost", "#2 POST /v1/charges 200"),
    output=f"paid {HOSTILE}\n",
    took_ms=1500,
)
SAFE = replace(
    LOST, call="create_token#1", verdict="failed_safely", reasons=(), exit=1, merged=(), output=""
)
RESULT = SweepResult(
    command="shop '<b>'",
    seed="s",
    calls=("create_token#1", "create_charge#1", "create_charge#2", "get_charge#1"),
    reference=Money(positions=(PAID,)),
    nondeterminism=("call 3 was a#1 in the first run and b#1 in the second",),
    cells=(SAFE, LOST, replace(LOST, fault="500:after_commit")),
    missed=(Missed(call="get_charge#1", fault="drop:after_commit", why="it did not come"),),
    left_out=("get_charge#1:hang:after_commit",),
    runs=6,
    took_ms=12_000,
)

TEXT = """\
note: the calls differ between two runs without a fault: call 3 was a#1 in the first run and b#1 \
in the second
note: get_charge#1:drop:after_commit: it did not come
note: left out by --budget: get_charge#1:hang:after_commit
note: create_charge#1 stands for 1 equivalent call (create_charge#2); --all runs them, too

call                  drop   500
                      after  after
create_token#1        safe
create_charge#1 (+1)  LOST   LOST
get_charge#1          ?

LOST MONEY  create_charge#1 drop:after_commit  (exit 0)
  also with 500:after_commit
  the command reported success
  18.00 USD charged twice
  ledger  C1: 18.00 USD captured, card 424242...4242
  ledger  C2: 18.00 USD captured, card 424242...4242
  #1 POST /v1/charges lost
  #2 POST /v1/charges 200
  > paid OUTPUT
  repeat: mock-clover sweep --only create_charge#1:drop:after_commit -- shop
  repeat: mock-clover sweep --only create_charge#1:drop:after_commit -- shop

1 failed safely, 2 lost money, 1 did not apply, 1 left out by --budget (6 runs in 12 s, 30 a minute)
"""


def test_report_as_text() -> None:
    assert as_text(RESULT) + "\n" == TEXT.replace("OUTPUT", HOSTILE)


def test_report_as_json() -> None:
    report = decode_json(encode(RESULT))
    assert list(report) == list(SweepResult.__struct_fields__)
    assert report["cells"][1] == {
        "call": "create_charge#1",
        "fault": "drop:after_commit",
        "verdict": "lost_money",
        "reasons": ["the command reported success", "18.00 USD charged twice"],
        "exit": 0,
        "reconcile_exit": None,
        "ledger": {
            "positions": [
                {
                    "charge": charge,
                    "payer": "card 424242...4242",
                    "currency": "USD",
                    "captured": 1800,
                    "refunds": [],
                    "held": 0,
                    "told": True,
                    "order": None,
                }
                for charge in ("C1", "C2")
            ]
        },
        "repeat": LOST.repeat,
        "merged": ["create_charge#2"],
        "journal": list(LOST.journal),
        "output": LOST.output,
        "took_ms": 1500,
    }


class Page(HTMLParser):
    """Collects the elements and the text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_the_html_report_has_no_script_and_no_request() -> None:
    page = Page(as_html(RESULT))
    tags = {tag for tag, _ in page.elements}
    assert not tags & {"script", "link", "img", "iframe", "b0", "form", "object"}
    links = [attrs["href"] for _, attrs in page.elements if "href" in attrs]
    anchors = {f"#{attrs['id']}" for _, attrs in page.elements if "id" in attrs}
    assert (
        set(links)
        == anchors
        == {
            "#create_token-1-drop-after_commit",
            "#create_charge-1-drop-after_commit",
            "#create_charge-1-500-after_commit",
        }
    )
    assert not any(name in attrs for _, attrs in page.elements for name in ("src", "style"))
    (policy,) = [attrs["content"] for _, attrs in page.elements if "http-equiv" in attrs]
    assert policy is not None
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    text = "".join(page.texts)
    assert 'paid </pre><script>alert("&1")</script>\\u001b[31m\\u0000' in text
    assert "shop '<b>'" in text


def test_report_as_junit() -> None:
    root = ET.fromstring(as_junit(RESULT))
    assert list(junit_errors(root)) == []
    (suite,) = root
    counts = {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")}
    assert counts == {"tests": "4", "failures": "2", "errors": "0", "skipped": "1"}
    outcomes = [(case.get("classname"), [each.tag for each in case]) for case in suite]
    assert outcomes == [
        ("create_token#1", ["system-out"]),
        *[("create_charge#1", ["failure"])] * 2,
        ("get_charge#1", ["skipped"]),
    ]
    failure = suite[1][0]
    assert failure.get("message") == (
        "lost money: the command reported success: 18.00 USD charged twice"
    )
    assert "repeat: mock-clover sweep --only" in (failure.text or "")


def test_a_file_of_finished_cells_is_continued(tmp_path: Path) -> None:
    path, options = tmp_path / "sweep.jsonl", Options(command=("shop",))
    file = ResumeFile(path, options, RESULT.calls)
    for each in (LOST, RESULT.missed[0]):
        file.add(each)
    with path.open("ab") as stream:
        stream.write(b'{"cell":{"call":"cut')
    again = ResumeFile(path, options, RESULT.calls)
    assert again.done == {LOST.name: LOST, RESULT.missed[0].name: RESULT.missed[0]}
    again.add(SAFE)
    assert list(ResumeFile(path, options, RESULT.calls).done.values()) == [
        *(LOST, RESULT.missed[0], SAFE)
    ]
    with pytest.raises(SweepError, match="another value of seed"):
        ResumeFile(path, replace(options, seed="b"), RESULT.calls)
    path.write_text("# notes\n")
    with pytest.raises(SweepError, match="not the file of a sweep"):
        ResumeFile(path, options, RESULT.calls)
    assert path.read_text() == "# notes\n"


DEEP = b'{"settings":' + b'{"a":' * 20_000
HOSTILE_FILES = {
    "a deep first line": (DEEP, "not the file of a sweep"),
    "a deep cell": (b'HEADER\n{"cell":' + b"[" * 20_000 + b"\n{}\n", "line 2 is invalid"),
    "a fault that is none": (
        b"HEADER\n" + encode({"cell": replace(LOST, fault="../x")}) + b"\n{}\n",
        "line 2 is invalid",
    ),
    "no cell": (b"HEADER\nnull\n{}\n", "line 2 is invalid"),
}


@pytest.mark.parametrize(("content", "error"), HOSTILE_FILES.values(), ids=HOSTILE_FILES)
def test_a_hostile_file_is_rejected(tmp_path: Path, content: bytes, error: str) -> None:
    path, options = tmp_path / "sweep.jsonl", Options(command=("shop",))
    ResumeFile(path, options, RESULT.calls)
    path.write_bytes(content.replace(b"HEADER\n", path.read_bytes()))
    with pytest.raises(SweepError, match=error):
        ResumeFile(path, options, RESULT.calls)
