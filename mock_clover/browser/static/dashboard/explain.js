// Explain a request without performing it: the rules that are checked and the simulated response.

import { call, get } from "./api.js";
import { runAndReport } from "./dialogs.js";
import { el, field, replaceContent, select } from "./dom.js";
import { jsonTree } from "./json.js";
import { outcomeOf, OUTCOMES } from "./request-log.js";
import { table } from "./views.js";

const EXAMPLES = {
  "A charge": ["POST", "/v1/charges", { amount: 1800, currency: "usd", source: "clv_…" }],
  "A token": ["POST", "/v1/tokens", {
    card: { number: "4242424242424242", exp_month: "12", exp_year: "2030", cvv: "123" } }],
  "A refund": ["POST", "/v1/refunds", { charge: "…", amount: 500 }],
  "List charges": ["GET", "/v1/charges", null],
};

let form = null;

/** Show the form; with the id of an exchange, fill in its request. */
export async function open(root, [id]) {
  if (!form) {
    form = make();
    replaceContent(root, form.root);
    fill(...EXAMPLES["A charge"]);
  }
  if (!id) return;
  const found = await runAndReport(form.message, () => get(`journal/${encodeURIComponent(id)}`));
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
    message: el("div", { class: "message" }),
    result: el("div", { class: "stack", "aria-live": "polite" }),
  };
  const examples = select([["", "choose one"], ...Object.keys(EXAMPLES)]);
  examples.addEventListener("change", () => EXAMPLES[examples.value] && fill(...EXAMPLES[examples.value]));
  const written = el("form", {
    class: "card padded stack",
    on: { submit: (event) => { event.preventDefault(); send(); } },
  },
  field("Start from example", examples),
  el("div", { class: "inline" }, field("Method", self.method), field("Path and query", self.path)),
  field("Headers", self.headers,
    "One per line, as name: value. Without credentials, the sandbox’s own are used."),
  field("Body", self.body, "JSON, or empty. The request is only simulated; nothing is created or stored."),
  el("div", { class: "actions" }, el("button", { type: "submit", class: "primary" }, "Explain")), self.message);
  self.root = el("div", { class: "columns even" }, written, self.result);
  return self;
}

function fill(method, path, body) {
  form.method.value = method;
  form.path.value = path;
  form.body.value = body === null ? "" : JSON.stringify(body, null, 2);
}

function read() {
  const request = { method: form.method.value, path: form.path.value.trim() };
  const headers = {};
  for (const line of form.headers.value.split("\n").map((each) => each.trim()).filter(Boolean)) {
    const at = line.indexOf(":");
    if (at < 1) throw new Error(`Headers: “${line}” must have the form name: value`);
    headers[line.slice(0, at).trim()] = line.slice(at + 1).trim();
  }
  if (Object.keys(headers).length) request.headers = headers;
  if (form.body.value.trim()) {
    try {
      request.body = JSON.parse(form.body.value);
    } catch (error) {
      throw new Error(`Body: ${error.message}`);
    }
  }
  return request;
}

async function send() {
  const answer = await runAndReport(form.message, async () => call("POST", "why", read()));
  replaceContent(form.result);
  if (!answer) return;
  const outcome = outcomeOf(answer);
  replaceContent(form.result, el("article", { class: "card padded stack" },
    el("p", { class: "outcome" },
      el("strong", { class: `is-${outcome} big` }, `${OUTCOMES[outcome].sign} ${answer.status}`), " ",
      OUTCOMES[outcome].word, " (simulated response)"),
    el("div", { class: "why" }, el("h3", {}, "Why"), el("p", { class: "words" }, answer.outcome)),
    answer.fault ? el("p", {}, el("span", { class: "badge fault" }, "⚡ fault"),
      `an active fault may apply: ${answer.fault}`) : null,
    el("h3", {}, "Rules, in evaluation order"),
    table("Rules", ["Rule", "", "Reason"], answer.rules.map((each) => [
      el("strong", {}, each.rule),
      el("span", { class: `state ${each.matched ? "good" : "soft"}` }, each.matched ? "● matched" : "○ skipped"),
      each.because,
    ]), { empty: "No rules were evaluated." }),
    el("h3", {}, "Response"), jsonTree(answer.reply, "Response")));
}
