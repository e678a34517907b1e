// A request that is not performed: which rules are looked at, what decides, what would be answered.

import { call, get } from "./api.js";
import { attempt } from "./dialogs.js";
import { el, field, refill, select } from "./dom.js";
import { jsonTree } from "./json.js";
import { OUTCOMES, outcomeOf } from "./kept.js";
import { table } from "./views.js";

const EXAMPLES = {
  "A charge": ["POST", "/v1/charges", { amount: 1800, currency: "usd", source: "clv_…" }],
  "A token": ["POST", "/v1/tokens", {
    card: { number: "4242424242424242", exp_month: "12", exp_year: "2030", cvv: "123" } }],
  "A refund": ["POST", "/v1/refunds", { charge: "…", amount: 500 }],
  "The charges": ["GET", "/v1/charges", null],
};

let form = null;

/** Show the form; with the id of an exchange, filled with its request. */
export async function open(root, [id]) {
  if (!form) {
    form = make();
    refill(root, form.root);
    fill(...EXAMPLES["A charge"]);
  }
  if (!id) return;
  const found = await attempt(form.said, () => get(`journal/${encodeURIComponent(id)}`));
  if (!found) return;
  const { method, path, request } = found.exchange;
  fill(method, path, request ?? null);
  await send();
}

function make() {
  const self = {
    method: select(["GET", "POST", "PUT", "PATCH", "DELETE"]),
    path: el("input", { type: "text", required: true, spellcheck: "false", class: "mono" }),
    headers: el("textarea", { rows: 2, spellcheck: "false", class: "mono", placeholder: "idempotency-key: 7" }),
    body: el("textarea", { rows: 9, spellcheck: "false", class: "mono" }),
    said: el("div", { class: "said" }),
    result: el("div", { class: "stack", "aria-live": "polite" }),
  };
  const examples = select([["", "choose one"], ...Object.keys(EXAMPLES)]);
  examples.addEventListener("change", () => EXAMPLES[examples.value] && fill(...EXAMPLES[examples.value]));
  const written = el("form", {
    class: "sheet padded stack",
    on: { submit: (event) => { event.preventDefault(); send(); } },
  },
  field("Begin with", examples),
  el("div", { class: "inline" }, field("Method", self.method), field("Path, with its query", self.path)),
  field("Headers", self.headers,
    "One on a line, as name: value. The sandbox’s own credentials, if none are given."),
  field("Body", self.body, "JSON; empty for none. It goes nowhere: nothing is made, and nothing is kept."),
  el("div", { class: "actions" }, el("button", { type: "submit", class: "primary" }, "Ask why")), self.said);
  self.root = el("div", { class: "columns even" }, written, self.result);
  return self;
}

function fill(method, path, body) {
  form.method.value = method;
  form.path.value = path;
  form.body.value = body === null ? "" : JSON.stringify(body, null, 2);
}

function read() {
  const asked = { method: form.method.value, path: form.path.value.trim() };
  const headers = {};
  for (const line of form.headers.value.split("\n").map((each) => each.trim()).filter(Boolean)) {
    const at = line.indexOf(":");
    if (at < 1) throw new Error(`Headers: “${line}” is not name: value`);
    headers[line.slice(0, at).trim()] = line.slice(at + 1).trim();
  }
  if (Object.keys(headers).length) asked.headers = headers;
  if (form.body.value.trim()) {
    try {
      asked.body = JSON.parse(form.body.value);
    } catch (error) {
      throw new Error(`Body: ${error.message}`);
    }
  }
  return asked;
}

async function send() {
  const answer = await attempt(form.said, async () => call("POST", "why", read()));
  refill(form.result);
  if (!answer) return;
  const outcome = outcomeOf(answer);
  refill(form.result, el("article", { class: "sheet padded stack" },
    el("p", { class: "outcome" },
      el("strong", { class: `is-${outcome} big` }, `${OUTCOMES[outcome].sign} ${answer.status}`), " ",
      OUTCOMES[outcome].word, " would be the answer"),
    el("div", { class: "why" }, el("h3", {}, "Why"), el("p", { class: "words" }, answer.outcome)),
    answer.fault ? el("p", {}, el("span", { class: "badge fault" }, "⚡ fault"),
      `in force, and might befall it: ${answer.fault}`) : null,
    el("h3", {}, "Rules, in the order they are looked at"),
    table("Rules", ["Rule", "", "Because"], answer.rules.map((each) => [
      el("strong", {}, each.rule),
      el("span", { class: `state ${each.matched ? "good" : "soft"}` }, each.matched ? "● matched" : "○ passed over"),
      each.because,
    ]), { empty: "None has a say here." }),
    el("h3", {}, "Reply"), jsonTree(answer.reply, "Reply")));
}
