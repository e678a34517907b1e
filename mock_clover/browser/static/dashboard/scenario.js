// The scenario in force: its text to edit, checked while it is written, and those that are shipped.

import { call, get } from "./api.js";
import { attempt, confirmDanger } from "./dialogs.js";
import { button, el, field, refill, say, select } from "./dom.js";
import { Editor } from "./editor.js";
import { some } from "./format.js";
import { jsonTree } from "./json.js";
import { part, wrong } from "./views.js";

const CHECK_MS = 350;

let view = null; // it is made once, so that what was written stays while other views are looked at

/** Show the editor; what was written before and not applied is still there. */
export function open(root) {
  if (!view) {
    view = make();
    refill(root, view.root);
    load();
  } else inForce();
}

function make() {
  const self = { saved: "", timer: 0, asked: 0 };
  self.editor = new Editor({ label: "Scenario, in YAML", onInput: written });
  self.verdict = el("p", { class: "verdict", role: "status" });
  self.findings = el("div");
  self.said = el("div", { class: "said" });
  self.summary = el("div", { class: "stack" });
  self.apply = button("Apply", apply, { class: "primary", disabled: true });
  self.revert = button("Revert", () => put(self.saved), { disabled: true });
  self.shipped = select([["", "…"]]);
  self.shipped.addEventListener("change", () => load(self.shipped.value));
  self.root = el("div", { class: "columns" },
    el("div", { class: "stack grow" },
      el("div", { class: "actions" }, self.apply, self.revert, self.verdict),
      self.said, self.editor.root,
      el("p", { id: "editor-hint", class: "hint" },
        "Tab indents, Shift+Tab takes it back; press Esc, then Tab, to leave the text."),
      self.findings),
    el("div", { class: "stack side" },
      part("Shipped scenarios", field("Take the text of", self.shipped, "It is in force only once it is applied.")),
      part("In force", self.summary)));
  return self;
}

/** Take the text of what is in force, or of a shipped scenario. */
async function load(name = "") {
  if (name && view.editor.text !== view.saved) {
    const words = "What you have written is not applied and would be lost.";
    if (!(await confirmDanger("Take another text?", words, "Take it"))) {
      view.shipped.value = "";
      return;
    }
  }
  const path = name ? `scenarios/${encodeURIComponent(name)}` : "scenario/text";
  const text = await attempt(view.said, () => get(path));
  if (text === undefined) return;
  if (!name) view.saved = text;
  put(text);
  if (name) view.editor.field.focus();
  else {
    inForce();
    offer();
  }
}

async function offer() {
  const found = await attempt(view.said, () => get("scenarios"));
  if (!found) return;
  refill(view.shipped, el("option", { value: "" }, "choose one"), found.data.map(({ name, about }) =>
    el("option", { value: name }, `${name} — ${about}`)));
}

function put(text) {
  view.editor.text = text;
  check();
}

function written() {
  clearTimeout(view.timer);
  view.timer = setTimeout(check, CHECK_MS);
  changed();
}

function changed() {
  const isOther = view.editor.text !== view.saved;
  view.revert.disabled = !isOther;
  if (!isOther) view.shipped.value = "";
  return isOther;
}

async function check() {
  const mine = (view.asked += 1);
  const isOther = changed();
  let checked;
  try {
    checked = await call("POST", "scenario/check", view.editor.text || "\n");
  } catch (error) {
    if (mine === view.asked) refill(view.findings, wrong(error));
    return;
  }
  if (mine !== view.asked) return;
  const findings = checked.findings ?? [];
  view.apply.disabled = !checked.ok || !isOther;
  view.editor.mark(findings.map((each) => each.line).filter(Boolean));
  const held = `${some(checked.cards ?? 0, "card")}, ${some(checked.rules ?? 0, "rule")}`;
  say(view.verdict, checked.ok
    ? `● right: ${held}, ${isOther ? "not applied" : "in force"}`
    : `✕ ${some(findings.length, "finding")}`);
  view.verdict.className = `verdict ${checked.ok ? "good" : "bad"}`;
  tell(findings);
}

function tell(findings) {
  refill(view.findings, findings.length ? el("ul", { class: "findings" }, findings.map((each) =>
    el("li", {},
      button(each.line ? `line ${each.line}` : "whole", () => view.editor.goTo(each.line ?? 1, each.column ?? 1),
        { class: "small" }),
      " ", each.path ? el("code", {}, each.path) : null, " ", each.said))) : null);
}

async function apply() {
  view.apply.disabled = true;
  const text = view.editor.text;
  const done = await attempt(view.said, () => call("PUT", "scenario", text), "Applied: it is in force now.");
  if (done) {
    view.saved = text;
    inForce();
  }
  check();
}

async function inForce() {
  try {
    const now = await get("scenario");
    refill(view.summary,
      el("p", {}, el("strong", {}, now.name), now.about ? ` — ${now.about}` : ""),
      el("p", { class: "hint" }, `${some(now.cards, "card")}, ${some(now.rules.length, "rule")}, ` +
        `${some(now.faults, "fault")} in force`),
      now.rules.length ? el("ol", { class: "rules" }, now.rules.map((name) => el("li", {}, name))) : null,
      Object.keys(now.settings ?? {}).length ? jsonTree(now.settings, "Settings") : null);
  } catch (error) {
    refill(view.summary, wrong(error));
  }
}
