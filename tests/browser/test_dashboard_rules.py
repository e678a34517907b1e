"""The form that adds a rule to the scenario: it writes YAML, and keeps the text as it is."""

import re

import pytest
from browser_session import SharedBrowserSession, until
from dashboard_page import SELECTED, DashboardPage
from playwright.sync_api import expect

from mock_clover.testing import MockClover

INSERT = """async (texts) => {
  const { insertEntry } = await import("/_mock/static/rule-yaml.js");
  const when = { card: { number: "4242" }, nth: 2 };
  const rule = { name: "yes", when, then: { problem: "A_B" } };
  return texts.map((text) => {
    const { text: made, line, count } = insertEntry(text, "rules", rule);
    const lines = made.split("\\n").slice(line - 1, line - 1 + count);
    return [made, lines.join("\\n").trim().slice(0, 7)];
  });
}"""
LINES = ('- name: "yes"', '  when: {card: {number: "4242"}, nth: 2}', "  then: {problem: A_B}")
IN_FLOW = '{name: "yes", when: {card: {number: "4242"}, nth: 2}, then: {problem: A_B}}'


def entry(indent: str) -> str:
    """Return the rule with an indent, as it is inserted."""
    return "\n".join(indent + line for line in LINES)


@pytest.fixture
def dashboard_page(clover: MockClover, session: SharedBrowserSession) -> DashboardPage:
    session.page.set_viewport_size({"width": 1400, "height": 900})
    return DashboardPage(clover, session)


def test_rule_is_inserted_and_the_text_is_kept(dashboard_page: DashboardPage) -> None:
    rest = "# why\ncards: []  # none\n"
    facts = {
        "no rules": (f"name: a\n{rest}", f"name: a\n{rest}\nrules:\n{entry('  ')}\n"),
        "an empty list": (f"rules: [] # none\n{rest}", f"rules:\n{entry('  ')}\n{rest}"),
        "rules": (
            f"rules:  # mine\n\n    # first\n    - {{then: {{}}}}\n{rest}",
            f"rules:  # mine\n{entry('    ')}\n\n    # first\n    - {{then: {{}}}}\n{rest}",
        ),
        "rules without an indent": (
            "rules:\n- {then: {}}\n",
            f"rules:\n{entry('')}\n- {{then: {{}}}}\n",
        ),
        "rules in flow style": ("rules: [{then: {}}]\n", f"rules: [{IN_FLOW}, {{then: {{}}}}]\n"),
    }
    dashboard_page.open("scenario")
    result = dashboard_page.page.evaluate(INSERT, [text for text, _ in facts.values()])
    made = dict(zip(facts, [text for text, _ in result], strict=True))
    assert made == {name: expected for name, (_, expected) in facts.items()}
    assert {start for _, start in result} == {"- name:", "rules: "}


def test_template_becomes_an_active_rule(dashboard_page: DashboardPage) -> None:
    dashboard_page.open("scenario")
    page = dashboard_page.page
    text, form = page.get_by_label("Scenario, in YAML"), page.locator(".side .padded")
    expect(text).to_have_value(re.compile("name: sandbox"))
    before = text.input_value()
    form.get_by_label("Template").select_option("Decline above an amount")
    form.get_by_label("Name").fill("Too much: no")
    form.get_by_label("Amount from").fill("20")
    form.get_by_label("Reason").select_option("do_not_honor")
    yaml = form.get_by_label("YAML of the rule")
    expect(yaml).to_contain_text('- name: "Too much: no"')
    expect(yaml).to_contain_text("when: {amount: {min: 2000}}")
    expect(form.get_by_text("valid in this scenario")).to_be_visible()
    form.get_by_role("button", name="Insert into the text").click()
    expect(text).to_be_focused()
    until(lambda: text.evaluate(SELECTED), lambda part: part.startswith('  - name: "Too much: no"'))
    expect(text).to_have_value(re.compile(f"^{re.escape(before.rstrip())}"))
    expect(page.locator(".verdict")).to_contain_text("1 rule; not applied")
    page.keyboard.press("Control+z")
    expect(text).to_have_value(before)
    form.get_by_role("button", name="Add rule").click()
    expect(page.get_by_text("Applied. The scenario is now active.")).to_be_visible()
    active = page.get_by_role("region", name="Active scenario")
    expect(active).to_contain_text("Too much: no")
    assert [dashboard_page.pay(amount).status for amount in (1999, 2000)] == [200, 402]


def test_every_template_is_valid_and_an_error_is_located(dashboard_page: DashboardPage) -> None:
    dashboard_page.open("scenario")
    page = dashboard_page.page
    form = page.locator(".side .padded")
    template = form.get_by_label("Template")
    expect(form.get_by_text("● valid in this scenario")).to_be_visible()
    expect(template.locator("option")).to_have_count(8)
    titles = template.locator("option").all_text_contents()
    yaml = form.get_by_label("YAML of the rule")
    seen = set()
    for title in titles:
        with page.expect_response("**/_mock/scenario/check") as checked:
            template.select_option(title)
        assert checked.value.json()["ok"] is True, title
        seen.add(yaml.text_content())
    assert len(seen) == len(titles)
    form.get_by_label("Digits").fill("no number")
    finding = form.locator(".findings li")
    expect(finding).to_contain_text("rules[0].when.card.prefix")
    expect(finding).to_contain_text(re.compile(r"line \d+"))
    expect(form.get_by_text("✕ not valid in this scenario")).to_be_visible()


def test_keys_of_the_editor(dashboard_page: DashboardPage) -> None:
    dashboard_page.open("scenario")
    page = dashboard_page.page
    text = page.get_by_label("Scenario, in YAML")
    expect(text).to_have_value(re.compile("name: sandbox"))
    before = text.input_value()
    page.locator("#scenario-title").focus()
    for _ in range(2):  # Apply and Revert are disabled: the text, then what follows it
        page.keyboard.press("Tab")
    expect(text).not_to_be_focused()
    expect(text).to_have_value(before)
    text.fill("name: mine\nabout: By keyboard\n")
    expect(page.get_by_role("button", name="Apply", exact=True)).to_be_enabled()
    text.press("Control+Enter")
    expect(page.get_by_text("Applied. The scenario is now active.")).to_be_visible()
