// The sandboxes side by side, failures first; open, create, copy or delete one.

import { call, get, homeOf, SANDBOX } from "./api.js";
import { confirmDestructive, runAndReport } from "./dialogs.js";
import { button, copyButton, el, field, replaceContent, select } from "./dom.js";
import { agoText, count, countOf } from "./format.js";
import { OUTCOMES } from "./request-log.js";
import { environmentOf } from "./start.js";
import { part, pollAndRender, table } from "./views.js";

const SHOWN_MAX = 200;
const NAME = "[A-Za-z0-9][A-Za-z0-9._\\-]{0,63}";

/** Show the list and the forms. */
export function open(root) {
  const list = el("div", { class: "stack" });
  const message = el("div", { class: "message" });
  const searchField = el("input", { type: "search", "aria-label": "Search sandboxes", placeholder: "Search by name" });
  replaceContent(root, part("All sandboxes", el("div", { class: "search" }, searchField), list, message),
    el("div", { class: "columns even" }, createForm(), copyForm()));
  const refresh = pollAndRender(list, async () => (await compared()).filter(({ sandbox }) =>
    sandbox.name.toLowerCase().includes(searchField.value.trim().toLowerCase())),
  (data) => renderSandboxes(data, message, () => refresh()));
  searchField.addEventListener("input", () => refresh());
}

/** Return all sandboxes with their activity: failures first, then the last used. */
async function compared() {
  const [{ data: sandboxes }, { data: found, machine_ms: now }] = await Promise.all([
    get("sandboxes", { root: true }), get("activity", { root: true })]);
  const activities = new Map(found.map((each) => [each.name, each]));
  const failures = ({ outcomes: { failed = 0, lost = 0 } }) => failed + lost;
  return sandboxes.filter(({ name }) => activities.has(name))
    .map((sandbox) => ({ sandbox, activity: activities.get(sandbox.name) }))
    .sort(({ activity: one }, { activity: other }) =>
      failures(other) - failures(one) || (other.last_ms ?? 0) - (one.last_ms ?? 0))
    .map(({ sandbox, activity: { requests, outcomes, last_ms: last, created_ms: created } }) => ({
      sandbox, requests, outcomes, // the texts change less often than the times, and so does the table
      used: last ? agoText(now - last) : "never", age: agoText(now - created),
    }));
}

function renderSandboxes(data, message, refresh) {
  const remove = (name) => async () => {
    const words = `This permanently deletes “${name}” and all its data.`;
    if (!(await confirmDestructive(`Delete ${name}?`, words, "Delete"))) return;
    const path = `sandboxes/${encodeURIComponent(name)}`;
    await runAndReport(message, () => call("DELETE", path, undefined, { root: true }),
      name === "default" ? "The default sandbox was recreated." : `${name} was deleted.`);
    refresh();
  };
  const lines = data.slice(0, SHOWN_MAX).map(({ sandbox, requests, outcomes, used, age }) => [
    el("div", {}, el("a", {
      href: homeOf(sandbox.name), "data-key": `go ${sandbox.name}`, "aria-current": sandbox.name === SANDBOX && "page",
    }, sandbox.name),
    sandbox.name === SANDBOX ? el("span", { class: "hint" }, " (this one)") : null,
    el("div", { class: "hint" }, `scenario ${sandbox.scenario}`)),
    el("div", { class: "counts" }, requests ? countsOf(sandbox.name, outcomes) : el("span", { class: "soft" }, "none")),
    el("div", { class: "when" }, used),
    el("div", { class: "when soft" }, age),
    el("div", { class: "actions" },
      copyButton("Copy link", () => location.origin + homeOf(sandbox.name), {
        "data-key": `link ${sandbox.name}`, "aria-label": `Copy link of ${sandbox.name}` }),
      copyButton("Copy variables", () => environmentOf(sandbox), {
        "data-key": `copy ${sandbox.name}`, "aria-label": `Copy variables of ${sandbox.name}` }),
      button("Save capsule", saveCapsule(sandbox.name, message), {
        class: "small quiet", "data-key": `capsule ${sandbox.name}`,
        "aria-label": `Save capsule of ${sandbox.name}` }),
      button("Delete …", remove(sandbox.name), {
        class: "small quiet", "data-key": `remove ${sandbox.name}`, "aria-label": `Delete ${sandbox.name}` })),
  ]);
  return [
    table("Sandboxes", ["Name", "Requests", "Last used", "Created", ""], lines, {
      empty: "No sandbox with that name." }),
    data.length > SHOWN_MAX
      ? el("p", { class: "hint" }, `Showing the first ${SHOWN_MAX} of ${count(data.length)} sandboxes.`)
      : null,
  ];
}

/** Return the number of requests of each outcome, as links to these requests. */
const countsOf = (name, outcomes) => Object.entries(OUTCOMES).filter(([outcome]) => outcomes[outcome])
  .map(([outcome, { sign, word }]) => el("a", {
    class: `count is-${outcome}`, href: `${homeOf(name)}#/exchanges?show=${outcome}`, title: word,
    "data-key": `${outcome} ${name}`, "aria-label": `${count(outcomes[outcome])} ${word} in ${name}`,
  }, `${sign} ${count(outcomes[outcome])}`));

/** Return a function that saves all that `mock-clover replay` needs to a file. */
function saveCapsule(name, message) {
  return async () => {
    const capsule = await runAndReport(message, () => call("POST", "capsule", undefined, { of: name }));
    if (!capsule) return;
    const href = URL.createObjectURL(new Blob([JSON.stringify(capsule)], { type: "application/json" }));
    const link = el("a", { download: `${name}.capsule.json` });
    link.href = href; // a blob of this page: `el` allows only links to pages
    link.click();
    setTimeout(() => URL.revokeObjectURL(href), 60_000);
    replaceContent(message, el("p", { class: "message-success", role: "status" },
      `The capsule of ${name} was saved. ${capsule.note ?? ""} Repeat the run with: `
      + `mock-clover replay ${name}.capsule.json`));
  };
}

function nameInput() {
  return el("input", { type: "text", required: true, pattern: NAME, autocomplete: "off", spellcheck: "false" });
}

function createForm() {
  const name = nameInput();
  const scenario = select([["", "server default"]]);
  const dialect = select([["", "scenario default"], "observed", "documented"]);
  const seed = el("input", { type: "text", autocomplete: "off" });
  get("scenarios").then(({ data }) => scenario.append(...data.map((each) =>
    el("option", { value: each.name }, `${each.name} — ${each.about}`)))).catch(() => {});
  return formOf("Create a sandbox", [
    field("Name", name, "Letters, digits, dots and dashes. You are asked before an existing one is replaced."),
    field("Scenario", scenario), field("Error format (dialect)", dialect),
    field("Seed", seed, "Ids are derived from it. Leave empty to derive it from the sandbox’s name."),
  ], "Create", async () => {
    if (!(await mayReplace(name.value))) return null;
    const settings = {};
    for (const [key, input] of Object.entries({ scenario, dialect, seed })) {
      if (input.value) settings[key] = input.value;
    }
    return call("PUT", `sandboxes/${encodeURIComponent(name.value)}`, settings, { root: true });
  });
}

/** Ask before an existing sandbox is replaced; return whether to go on. */
async function mayReplace(name) {
  try {
    await get(`sandboxes/${encodeURIComponent(name)}`, { root: true });
  } catch (error) {
    if (error.status === 404) return true;
    throw error;
  }
  const [rows, journal] = await Promise.all([get("rows", { of: name }), get("journal?limit=1", { of: name })]);
  const objects = rows.data.reduce((sum, each) => sum + each.count, 0);
  const requests = journal.data.at(-1)?.id ?? 0;
  return Boolean(await confirmDestructive(`Replace ${name}?`,
    `A sandbox with this name exists, with ${countOf(objects, "object")} and ${countOf(requests, "request")}. ` +
    "They would be lost, and so would its clock, faults, webhooks and settings.", "Replace it"));
}

function copyForm() {
  const name = nameInput();
  const hint = "The copy has all rows and the clock of this sandbox, but a new journal.";
  return formOf(`Copy ${SANDBOX}`, [field("Name of the copy", name, hint)], "Copy",
    async () => ((await mayReplace(name.value)) ? call("POST", "fork", { name: name.value }) : null));
}

function formOf(title, fields, submitText, act) {
  const message = el("div", { class: "message" });
  return part(title, el("form", {
    class: "card padded stack",
    on: {
      submit: async (event) => {
        event.preventDefault();
        const made = await runAndReport(message, act);
        if (made) replaceContent(message, el("p", { class: "message-success", role: "status" }, "Created: ",
          el("a", { href: homeOf(made.name) }, made.name)));
      },
    },
  }, fields, el("div", { class: "actions" }, el("button", { type: "submit", class: "primary" }, submitText)), message));
}
