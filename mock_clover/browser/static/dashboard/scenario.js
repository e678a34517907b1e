// The active scenario: an editor that validates it while typing, a form for rules, and templates.

import { call, env, get } from "./api.js";
import { confirmDestructive, runAndReport } from "./dialogs.js";
import { button, el, field, replaceContent, select, setText } from "./dom.js";
import { Editor } from "./editor.js";
import { countOf } from "./format.js";
import { jsonTree } from "./json.js";
import { ruleForm, showCheck } from "./rule-form.js";
import { insertEntry } from "./rule-yaml.js";
import { errorMessage, part } from "./views.js";

const CHECK_MS = 350;

let view = null; // created once, so that unapplied changes survive a change of view

/** Show the editor, with unapplied changes if there are any. */
export function open(root) {
  if (!view) {
    view = make();
    replaceContent(root, view.root);
    load();
  } else showActive();
}

function make() {
  const self = { saved: "", timer: 0, checks: 0, ruleChecks: 0, isValid: true };
  self.editor = new Editor({
    label: "Scenario, in YAML", onInput: textChanged, onApply: () => self.apply.disabled || apply(),
  });
  self.verdict = el("p", { class: "verdict", role: "status" });
  self.findings = el("div");
  self.message = el("div", { class: "message" });
  self.summary = el("div", { class: "stack" });
  self.apply = button("Apply", apply, { class: "primary", disabled: true });
  self.revert = button("Revert", () => setEditorText(self.saved), { disabled: true });
  self.builtIn = select([["", "…"]]);
  self.builtIn.addEventListener("change", () => load(self.builtIn.value));
  self.root = el("div", { class: "columns" },
    el("div", { class: "stack grow" },
      el("div", { class: "actions" }, self.apply, self.revert, self.verdict),
      self.message, self.editor.root,
      el("p", { id: "editor-hint", class: "hint" },
        "Ctrl+Enter applies. Tab indents, Shift+Tab unindents. Press Esc, then Tab, to leave the editor."),
      self.findings),
    el("div", { class: "stack side" },
      part("Active scenario", self.summary),
      part("Built-in scenarios", field("Load", self.builtIn, "It takes effect when you apply it.")),
      part("Add a rule", addRule(self))));
  return self;
}

/** Return the form that adds a rule to the text. */
function addRule(self) {
  const place = el("div", { class: "card padded stack" });
  const verdict = el("div", { class: "stack" });
  let timer = 0;
  const checkRule = () => {
    clearTimeout(timer);
    timer = setTimeout(async () => {
      const number = (self.ruleChecks += 1);
      const { text } = insertEntry(self.editor.text, "rules", self.rule.rule());
      const checked = await call("POST", "scenario/check", text).catch((error) => ({
        ok: false, findings: [{ said: error.message }] }));
      if (number !== self.ruleChecks) return;
      showCheck(verdict, checked, self.isValid, findingList(checked.findings ?? [], null));
    }, CHECK_MS);
  };
  const insert = () => {
    const made = insertEntry(self.editor.text, "rules", self.rule.rule());
    self.editor.replaceText(made.text);
    self.editor.goTo(made.line, 1, made.count);
  };
  self.checkRule = () => self.rule && checkRule();
  env().then((names) => {
    self.rule = ruleForm(names, checkRule);
    replaceContent(place, self.rule.root, verdict, el("div", { class: "actions" },
      button("Insert into the text", insert),
      button("Add rule", async () => { insert(); await apply(); }, { class: "primary" })),
    el("p", { class: "hint" }, "It becomes the first rule: the first match wins. “Add rule” applies it at once."));
    self.rule.start();
  }).catch((error) => replaceContent(place, errorMessage(error)));
  return place;
}

/** Load the active scenario, or a built-in one, into the editor. */
async function load(name = "") {
  if (name && view.editor.text !== view.saved) {
    const words = "Your unapplied changes will be lost.";
    if (!(await confirmDestructive("Load another scenario?", words, "Load"))) {
      view.builtIn.value = "";
      return;
    }
  }
  const path = name ? `scenarios/${encodeURIComponent(name)}` : "scenario/text";
  const text = await runAndReport(view.message, () => get(path));
  if (text === undefined) return;
  if (!name) view.saved = text;
  setEditorText(text);
  if (name) view.editor.field.focus();
  else {
    showActive();
    listBuiltIn();
  }
}

async function listBuiltIn() {
  const found = await runAndReport(view.message, () => get("scenarios"));
  if (!found) return;
  replaceContent(view.builtIn, el("option", { value: "" }, "choose one"), found.data.map(({ name, about }) =>
    el("option", { value: name }, `${name} — ${about}`)));
}

function setEditorText(text) {
  view.editor.text = text;
  check();
}

function textChanged() {
  clearTimeout(view.timer);
  view.timer = setTimeout(check, CHECK_MS);
  updateButtons();
}

function updateButtons() {
  const isChanged = view.editor.text !== view.saved;
  view.revert.disabled = !isChanged;
  if (!isChanged) view.builtIn.value = "";
  return isChanged;
}

async function check() {
  const number = (view.checks += 1);
  const isChanged = updateButtons();
  let checked;
  try {
    checked = await call("POST", "scenario/check", view.editor.text || "\n");
  } catch (error) {
    if (number === view.checks) replaceContent(view.findings, errorMessage(error));
    return;
  }
  if (number !== view.checks) return;
  const findings = checked.findings ?? [];
  view.isValid = checked.ok;
  view.apply.disabled = !checked.ok || !isChanged;
  view.editor.mark(findings.map((each) => each.line).filter(Boolean));
  const content = `${countOf(checked.cards ?? 0, "card")}, ${countOf(checked.rules ?? 0, "rule")}`;
  setText(view.verdict, checked.ok
    ? `● valid: ${content}; ${isChanged ? "not applied" : "active"}`
    : `✕ ${countOf(findings.length, "error")}`);
  view.verdict.className = `verdict ${checked.ok ? "good" : "bad"}`;
  replaceContent(view.findings, findingList(findings, view.editor),
    findingList(checked.warnings ?? [], view.editor, "warning"));
  view.checkRule();
}

/** List errors or warnings; in an editor they lead to their place. */
function findingList(findings, editor, kind = "") {
  if (!findings.length) return null;
  const where = (finding) => (finding.line ? `line ${finding.line}` : "file");
  return el("ul", { class: "findings" }, findings.map((finding) => el("li", {},
    editor ? button(where(finding), () => editor.goTo(finding.line ?? 1, finding.column ?? 1), { class: "small" })
      : el("span", { class: "tag" }, where(finding)),
    " ", kind ? el("span", { class: "badge fault" }, kind) : null,
    finding.path ? el("code", {}, finding.path) : null, " ", finding.said)));
}

async function apply() {
  view.apply.disabled = true;
  const text = view.editor.text;
  const done = await runAndReport(view.message, () => call("PUT", "scenario", text),
    "Applied. The scenario is now active.");
  if (!done) view.message.scrollIntoView({ block: "nearest" });
  if (done) {
    view.saved = text;
    showActive();
  }
  check();
}

async function showActive() {
  try {
    const now = await get("scenario");
    replaceContent(view.summary,
      el("p", {}, el("strong", {}, now.name), now.about ? ` — ${now.about}` : ""),
      el("p", { class: "hint" }, `${countOf(now.cards, "card")}, ${countOf(now.rules.length, "rule")}, ` +
        `${countOf(now.faults, "fault")} active`),
      now.rules.length ? el("ol", { class: "rules" }, now.rules.map((name) => el("li", {}, name))) : null,
      Object.keys(now.settings ?? {}).length ? jsonTree(now.settings, "Settings") : null);
  } catch (error) {
    replaceContent(view.summary, errorMessage(error));
  }
}
