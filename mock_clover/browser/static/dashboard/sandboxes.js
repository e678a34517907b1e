// Sandboxes: which there are, to go to, to make, to copy and to drop; and what opens each.

import { call, get, homeOf, SANDBOX } from "./api.js";
import { attempt, confirmDanger } from "./dialogs.js";
import { button, copyButton, el, field, refill, select } from "./dom.js";
import { count } from "./format.js";
import { keepTrue, part, table } from "./views.js";

const SHOWN_MAX = 200;
const NAME = "[A-Za-z0-9][A-Za-z0-9._\\-]{0,63}";

/** Show the list and the forms. */
export function open(root) {
  const list = el("div", { class: "stack" });
  const said = el("div", { class: "said" });
  const seek = el("input", { type: "search", "aria-label": "Search sandboxes", placeholder: "Search by name" });
  refill(root, part("All sandboxes", el("div", { class: "seek" }, seek), list, said),
    el("div", { class: "columns even" }, maker(), forker()));
  const look = keepTrue(list, async () => {
    const { data } = await get("sandboxes", { root: true });
    return data.filter(({ name }) => name.toLowerCase().includes(seek.value.trim().toLowerCase()));
  }, (data) => shown(data, said, () => look()));
  seek.addEventListener("input", () => look());
}

function shown(data, said, look) {
  const drop = (name) => async () => {
    const words = `All that “${name}” holds is gone for good.`;
    if (!(await confirmDanger(`Drop ${name}?`, words, "Drop it"))) return;
    await attempt(said, () => call("DELETE", `sandboxes/${encodeURIComponent(name)}`, undefined, { root: true }),
      name === "default" ? "A fresh default has taken its place." : `${name} is dropped.`);
    look();
  };
  const lines = data.slice(0, SHOWN_MAX).map((each) => [
    [el("a", {
      href: homeOf(each.name), "data-key": `go ${each.name}`, "aria-current": each.name === SANDBOX && "page",
    }, each.name),
      each.name === SANDBOX ? el("span", { class: "hint" }, " (this one)") : null],
    each.scenario,
    el("span", { class: "mono" }, each.merchant_id),
    el("div", { class: "actions" },
      copyButton("Copy its variables", () => exportsOf(each), { "data-key": `copy ${each.name}` }),
      button("Drop", drop(each.name), {
        class: "small danger", "data-key": `drop ${each.name}`, "aria-label": `Drop ${each.name}` })),
  ]);
  return [
    table("Sandboxes", ["Name", "Scenario", "Merchant", ""], lines, { empty: "There is none of that name." }),
    data.length > SHOWN_MAX
      ? el("p", { class: "hint" }, `Of ${count(data.length)} sandboxes the first ${SHOWN_MAX} are shown.`)
      : null,
  ];
}

/** What a shell needs to talk to a sandbox. */
function exportsOf(each) {
  const quoted = (text) => `'${String(text).replaceAll("'", "'\\''")}'`;
  return [
    ["BASE_URL", each.base_url], ["MERCHANT_ID", each.merchant_id], ["CLIENT_ID", each.client_id],
    ["CLIENT_SECRET", each.client_secret], ["ACCESS_TOKEN", each.access_token], ["API_KEY", each.api_key],
  ].map(([name, value]) => `export CLOVER_${name}=${quoted(value)}`).join("\n");
}

function nameInput() {
  return el("input", { type: "text", required: true, pattern: NAME, autocomplete: "off", spellcheck: "false" });
}

function maker() {
  const name = nameInput();
  const scenario = select([["", "the server’s own"]]);
  const dialect = select([["", "as the scenario says"], "observed", "documented"]);
  const seed = el("input", { type: "text", autocomplete: "off" });
  get("scenarios").then(({ data }) => scenario.append(...data.map((each) =>
    el("option", { value: each.name }, `${each.name} — ${each.about}`)))).catch(() => {});
  return formOf("Make one", [
    field("Name", name, "Letters, digits, dots and dashes. One of the same name is made anew."),
    field("Scenario", scenario), field("How errors are worded", dialect),
    field("Seed", seed, "Ids follow from it; empty for one of its own."),
  ], "Make", () => {
    const asked = {};
    for (const [key, made] of Object.entries({ scenario, dialect, seed })) if (made.value) asked[key] = made.value;
    return call("PUT", `sandboxes/${encodeURIComponent(name.value)}`, asked, { root: true });
  });
}

function forker() {
  const name = nameInput();
  const hint = "It has all rows and the time of this one, and a journal of its own.";
  return formOf(`Copy ${SANDBOX}`, [field("Name of the copy", name, hint)], "Copy",
    () => call("POST", "fork", { name: name.value }));
}

function formOf(title, fields, words, act) {
  const said = el("div", { class: "said" });
  return part(title, el("form", {
    class: "sheet padded stack",
    on: {
      submit: async (event) => {
        event.preventDefault();
        const made = await attempt(said, act);
        if (made) refill(said, el("p", { class: "said-done", role: "status" }, "It is there: ",
          el("a", { href: homeOf(made.name) }, made.name)));
      },
    },
  }, fields, el("div", { class: "actions" }, el("button", { type: "submit", class: "primary" }, words)), said));
}
