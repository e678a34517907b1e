// The tester: a request to edit, to send, or to explain without performing it, and its response beside it.

import { call, get } from "./api.js";
import { runAndReport } from "./dialogs.js";
import { replacedValues } from "./detail.js";
import { button, el, field, replaceContent, select } from "./dom.js";
import { withEvidence } from "./evidence.js";
import { shownText } from "./format.js";
import { jsonTree } from "./json.js";
import { outcomeOf, OUTCOMES } from "./request-log.js";
import { to } from "./routes.js";
import { table } from "./views.js";

const EXAMPLES = {
  "A token": ["POST", "/v1/tokens", {
    card: { number: "4242424242424242", exp_month: "12", exp_year: "2030", cvv: "123" } }],
  "A charge": ["POST", "/v1/charges", { amount: 1800, currency: "usd", source: "clv_…" }],
  "A refund": ["POST", "/v1/refunds", { charge: "…", amount: 500 }],
  "List charges": ["GET", "/v1/charges", null],
};
const KEY = "idempotency-key";

let form = null;
let origin = null; // the id of the request that is repeated
let latest = 0; // only the response to the latest action is shown

/** Show the form; with the id of a request, fill it in; with `why`, explain it as well. */
export async function open(root, [id, isWhy]) {
  if (!form) {
    form = make();
    replaceContent(root, form.root);
    fillExample("A token");
  }
  if (!id) return;
  const whole = await request(() => get(`journal/${encodeURIComponent(id)}`));
  if (!whole) return;
  origin = whole.exchange.id;
  fillExchange(whole);
  if (isWhy) await explain(whole);
  else form.path.focus();
}

function make() {
  const self = {
    method: select(["GET", "POST", "PUT", "PATCH", "DELETE"]),
    path: el("input", { type: "text", required: true, spellcheck: "false", class: "mono" }),
    headers: el("textarea", { rows: 3, spellcheck: "false", class: "mono", placeholder: "idempotency-key: 7" }),
    body: el("textarea", { rows: 12, spellcheck: "false", class: "mono" }),
    origin: el("p", { class: "hint" }),
    message: el("div", { class: "message" }),
    result: el("div", { class: "stack", "aria-live": "polite" }),
  };
  const examples = select([["", "choose one"], ...Object.keys(EXAMPLES)]);
  examples.addEventListener("change", () => examples.value && fillExample(examples.value));
  const written = el("form", {
    class: "card padded stack",
    on: {
      submit: (event) => { event.preventDefault(); send(); },
      keydown: (event) => { // as in other editors
        if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
        event.preventDefault();
        send();
      },
    },
  },
  field("Start from example", examples), self.origin,
  el("div", { class: "inline" }, field("Method", self.method), field("Path and query", self.path)),
  field("Headers", self.headers,
    "One per line, as name: value. Without credentials, the sandbox’s own are used."),
  field("Body", self.body, "Sent as it is written, even if it is not JSON."),
  el("div", { class: "actions" }, el("button", { type: "submit", class: "primary", title: "Ctrl+Enter" }, "Send"),
    button("Explain", () => explain(), { title: "Simulate it; nothing is created or stored" })), self.message);
  self.root = el("div", { class: "columns even" }, written, self.result);
  return self;
}

function fillExample(name) {
  const [method, path, body] = EXAMPLES[name];
  origin = null;
  fill(method, path, {}, body === null ? "" : JSON.stringify(body, null, 2));
  replaceContent(form.origin);
}

function fill(method, path, headers, body) {
  form.method.value = method;
  form.path.value = path;
  form.headers.value = Object.entries(headers).map(([name, value]) => `${name}: ${value}`).join("\n");
  form.body.value = body;
}

/** Fill in the request of an exchange; a key has one response, so it gets a new one. */
function fillExchange({ exchange, template, hint }) {
  const { method, path, headers = {}, body = "", needs_key: needsKey } = template ??
    { method: exchange.method, path: exchange.path };
  if (needsKey || KEY in headers) headers[KEY] = newKey();
  fill(method, path, headers, pretty(body));
  const notes = [
    template ? null : hint,
    template?.spent ? `The token in “${template.spent}” was used; a copy of it is sent.` : null,
    template?.has_test_card ? "A test card is in place of the card number, which is not stored." : null,
  ].filter(Boolean);
  replaceContent(form.origin, "From ", el("a", { href: to("exchanges", exchange.id) }, `request ${exchange.id}`), ". ",
    notes.join(" "));
}

const newKey = () => crypto.randomUUID?.() ?? `${Date.now()}-${Math.random().toString(36).slice(2)}`;

/** Indent JSON; a number that JavaScript would change stays as it is. */
function pretty(body) {
  try {
    const tree = JSON.parse(body);
    return JSON.stringify(tree) === body ? JSON.stringify(tree, null, 2) : body;
  } catch {
    return body;
  }
}

function readHeaders() {
  const headers = {};
  for (const line of form.headers.value.split("\n").map((each) => each.trim()).filter(Boolean)) {
    const at = line.indexOf(":");
    if (at < 1) throw new Error(`Headers: “${line}” must have the form name: value`);
    headers[line.slice(0, at).trim()] = line.slice(at + 1).trim();
  }
  return headers;
}

function read() {
  return { method: form.method.value, path: form.path.value.trim(), headers: readHeaders() };
}

/** Run an action and return its response; undefined if it failed or if another one has started. */
async function request(act) {
  const number = (latest += 1);
  replaceContent(form.result);
  const answer = await runAndReport(form.message, act);
  return number === latest ? answer : undefined;
}

async function send() {
  const answer = await request(async () => call("POST", "send", {
    ...read(),
    ...(form.body.value.trim() ? { body: form.body.value } : {}),
    ...(origin === null ? {} : { replay_of: origin }),
  }));
  if (!answer) return;
  const outcome = outcomeOf(answer);
  replaceContent(form.result, el("article", { class: "card padded stack" },
    outcomeLine(outcome, answer.status, outcome === "lost" ? "the client gets no complete response" : ""),
    el("div", { class: "why" }, el("h3", {}, "Why"), el("div", { class: "words" }, withEvidence(answer.why))),
    answer.fault ? el("p", {}, el("span", { class: "badge fault" }, `⚡ ${answer.fault}`)) : null,
    el("p", {}, el("a", { href: to("exchanges", answer.id) }, `Open as request ${answer.id}`)),
    answer.replaced?.length ? replacedValues(answer.replaced) : null,
    el("h3", {}, "Response"), bodyOf(answer.reply)));
}

const outcomeLine = (outcome, status, words) => el("p", { class: "outcome" },
  el("strong", { class: `is-${outcome} big` }, `${OUTCOMES[outcome].sign} ${status ?? "lost"}`), " ",
  OUTCOMES[outcome].word, words ? ` (${words})` : "");

function bodyOf(reply) {
  if (reply === undefined || reply === null || reply === "") return el("p", { class: "hint" }, "No body.");
  return typeof reply === "string" ? el("pre", { class: "text", tabindex: 0 }, reply) : jsonTree(reply, "Response");
}

/** Explain the request; for an exchange, show first what it got. */
async function explain(whole = null) {
  const number = latest + 1;
  const answer = await request(async () => call("POST", "why", {
    ...read(), ...jsonBody(), ...(origin === null ? {} : { exchange: origin }) }));
  if (number !== latest) return;
  replaceContent(form.result, whole ? recorded(whole) : null, answer ? explained(answer, whole !== null) : null);
}

function jsonBody() {
  if (!form.body.value.trim()) return {};
  try {
    return { body: JSON.parse(form.body.value) };
  } catch (error) {
    throw new Error(`Body: ${error.message}`);
  }
}

function recorded({ exchange, rule }) {
  return el("article", { class: "card padded stack" },
    el("h3", {}, "What ", el("a", { href: to("exchanges", exchange.id) }, `request ${exchange.id}`), " got"),
    outcomeLine(outcomeOf(exchange), exchange.status, ""),
    el("div", { class: "why" }, el("div", { class: "words" }, withEvidence(exchange.why)),
      rule ? el("p", { class: "rule" }, el("span", { class: "tag" }, "rule"), " ",
        rule.name === exchange.why ? null : [el("strong", {}, withEvidence(rule.name)), " "],
        shownText(rule.because)) : null));
}

function explained(answer, isAgain) {
  return el("article", { class: "card padded stack" },
    isAgain ? el("h3", {}, "If it were sent again now") : null,
    outcomeLine(outcomeOf(answer), answer.status, "simulated response"),
    el("div", { class: "why" }, el("h3", {}, "Why"), el("div", { class: "words" }, withEvidence(answer.outcome))),
    answer.fault ? el("p", {}, el("span", { class: "badge fault" }, "⚡ fault"),
      `an active fault may apply: ${answer.fault}`) : null,
    el("h3", {}, "Rules, in evaluation order"),
    table("Rules", ["Rule", "", "Reason"], answer.rules.map((each) => [
      el("strong", {}, withEvidence(each.rule)),
      el("span", { class: `state ${each.matched ? "good" : "soft"}` }, each.matched ? "● matched" : "○ skipped"),
      shownText(each.because),
    ]), { empty: "No rules were evaluated." }),
    el("h3", {}, "Response"), bodyOf(answer.reply));
}
