// The details of one exchange: outcome, reason, request, response, changes, curl and replay.

import { call, env, get } from "./api.js";
import { button, byId, copyButton, el, replaceContent } from "./dom.js";
import { runAndReport } from "./dialogs.js";
import { withEvidence } from "./evidence.js";
import { dateOf, delayText, latencyText, shownText, stampOf, timeOf } from "./format.js";
import { diffTable, jsonTree } from "./json.js";
import { outcomeOf, OUTCOMES } from "./request-log.js";
import { to } from "./routes.js";

let latestRequest = 0;
let kinds = []; // of rows that have a page
let latestReplay = null; // what the server sent in place of spent values

/** Show an exchange: first what the list has of it, then everything from the server. */
export async function openDetail(id, entry, acts) {
  const root = byId("detail");
  const request = (latestRequest += 1);
  root.hidden = false;
  if (entry?.isWhole) replaceContent(root, page({ exchange: JSON.parse(entry.text) }, acts, "loading details …"));
  else replaceContent(root, head(id, acts), el("p", { class: "hint" }, "…"));
  let whole;
  try {
    if (!kinds.length) ({ kinds } = await env());
    whole = await get(`journal/${id}`);
  } catch (error) {
    if (request !== latestRequest) return;
    if (entry?.isWhole) setHint(root, error.message);
    else replaceContent(root, head(id, acts), el("p", { class: "message-error", role: "alert" }, error.message));
    return;
  }
  if (request !== latestRequest) return;
  const hadFocus = root.contains(document.activeElement);
  const place = root.scrollTop;
  replaceContent(root, page(whole, acts, ""));
  if (hadFocus) byId("detail-title").focus({ preventScroll: true });
  root.scrollTop = place;
}

export function closeDetail() {
  latestRequest += 1;
  byId("detail").hidden = true;
  replaceContent(byId("detail"));
}

/** Replay the request that is shown; return false if there is none or it cannot be replayed. */
export function replayOpen() {
  const replay = byId("detail").querySelector("button[data-replay]:enabled");
  replay?.click();
  return replay !== null;
}

/** Copy the request that is shown as curl; return false if there is none. */
export function copyOpen() {
  const copy = [...byId("detail").querySelectorAll("button")].find((each) => /curl/i.test(each.textContent));
  copy?.click();
  return copy !== undefined;
}

function setHint(root, words) {
  const place = root.querySelector("[data-more]");
  if (place) replaceContent(place, words);
}

function head(id, acts) {
  return el("header", { class: "detail-head" },
    el("h2", { id: "detail-title", tabindex: -1 }, `Request ${id}`),
    button("Close", acts.onClose, { class: "quiet small", title: "Esc" }));
}

function page(whole, acts, waiting) {
  const { exchange } = whole;
  const outcome = outcomeOf(exchange);
  return [
    el("header", { class: "detail-head" },
      el("h2", { id: "detail-title", tabindex: -1 },
        el("span", { class: "method" }, exchange.method), " ",
        el("span", { class: "path" }, exchange.path)),
      button("Close", acts.onClose, { class: "quiet small", title: "Esc" })),
    el("p", { class: "outcome" },
      el("strong", { class: `is-${outcome} big` },
        `${OUTCOMES[outcome].sign} ${outcome === "lost" ? "lost" : exchange.status}`),
      " ", OUTCOMES[outcome].word === "lost" ? lostText(exchange) : OUTCOMES[outcome].word,
      " in ", latencyText(exchange.took_us),
      exchange.delay_ms ? `, ${delayText(exchange.delay_ms)}` : "",
      exchange.fault ? el("span", { class: "badge fault" }, `⚡ ${exchange.fault}`) : null,
      exchange.idempotency === "replayed" ? el("span", { class: "badge replayed" }, "↺ replayed") : null),
    why(whole),
    actions(whole, acts),
    el("p", { class: "hint", "data-more": true }, hintOf(whole) || waiting),
    part("Response", exchange.reply),
    part(exchange.sent === undefined ? "Request" : "Request as it was sent",
      exchange.sent ?? exchange.request, sentHead(exchange)),
    exchange.sent === undefined ? null : part("Request as it was read", exchange.request),
    changes(whole),
    facts(exchange),
  ];
}

const OF_CHANGES = /(?:^|; )(its changes were not recorded.*|some or all of its changes .*|only the last .*)$/;

/** Return what limits the actions; what is not known of the changes is said in their section. */
const hintOf = ({ hint }) => (hint ?? "").replace(OF_CHANGES, "");

const lostText = ({ status, committed }) =>
  `${status ? `the client got a part of a ${status}` : "the client got no response"}; ` +
  `the operation was ${committed ? "" : "not "}carried out`;

function why({ exchange, rule }) {
  return el("section", { class: "why", "aria-label": "Why" },
    el("h3", {}, "Why"),
    el("div", { class: "words" }, withEvidence(exchange.why || "no rule applied")),
    rule ? el("p", { class: "rule" }, el("span", { class: "tag" }, "rule"), " ",
      rule.name === exchange.why ? null : [el("strong", {}, withEvidence(rule.name)), " "],
      shownText(rule.because)) : null);
}

function actions(whole, acts) {
  if (!("replayable" in whole)) return null;
  const { exchange } = whole;
  const message = el("div", { class: "message" });
  const replay = button("Replay", async () => {
    replay.disabled = true;
    latestReplay = await runAndReport(message, () => call("POST", `journal/${exchange.id}/replay`, {}));
    replay.disabled = false;
    if (latestReplay) acts.onReplayed(latestReplay.id);
  }, { "data-replay": true, disabled: !whole.replayable, title: whole.replayable ? "" : whole.hint ?? "" });
  return el("div", { class: "repeat" },
    el("div", { class: "actions" }, replay,
      whole.template ? el("a", { class: "as-button", href: to("explain", exchange.id) }, "Edit and send") : null,
      el("a", { class: "as-button", href: to("explain", exchange.id, "why") }, "Ask why"),
      whole.payment ? el("a", { class: "as-button", href: to("payment", whole.payment) }, "Show payment") : null),
    copies(whole), origins(whole), message);
}

/** Offer the request as code. */
function copies({ curl, code }) {
  if (!curl) return null;
  const samples = [["curl", curl], ["Python", code.python], ["Node", code.node], ["pytest", code.pytest]];
  return el("div", { class: "actions copies", role: "group", "aria-label": "Copy as" },
    el("span", { class: "hint" }, "Copy as"), samples.map(([name, text]) =>
      copyButton(name, () => text, { "aria-label": `Copy as ${name}` })));
}

const link = (id) => el("a", { href: to("exchanges", id) }, `request ${id}`);

/** Link a replay and its origin, and tell what was sent in place of spent values. */
function origins({ exchange, replay_of: origin, replays }) {
  const replaced = latestReplay?.id === exchange.id ? latestReplay.replaced : null;
  return [
    origin ? el("p", {}, "Replay of ", link(origin), ".") : null,
    replaced ? replacedValues(replaced) : null,
    replays.length ? el("p", {}, "Replayed as ", replays.map((id, place) => [place ? ", " : "", link(id)]), ".") : null,
  ];
}

/** List what was sent in place of values that cannot be used again. */
export const replacedValues = (replaced) => el("ul", { class: "plain hint" }, replaced.map((each) =>
  el("li", {}, el("span", { class: "mono" }, `${each.member}: ${each.sent}`), ` (${each.because})`)));

/** Show the request line and the headers as they were sent. */
function sentHead({ method, path, query, headers }) {
  const lines = Object.entries(headers ?? {}).map(([name, value]) => `${name}: ${value ?? "(not stored)"}`);
  return el("pre", { class: "text", tabindex: 0, role: "group", "aria-label": "Sent headers" },
    [`${method} ${path}${query ? `?${query}` : ""}`, ...lines].join("\n"));
}

function part(title, value, before = null) {
  if (value === null || value === undefined || value === "") {
    return el("section", { "aria-label": title }, el("h3", {}, title), before, el("p", { class: "hint" }, "No body."));
  }
  const isText = typeof value === "string";
  const text = () => (isText ? value : JSON.stringify(value, null, 2));
  return el("section", { "aria-label": title },
    el("div", { class: "part-head" }, el("h3", {}, title), copyButton("Copy", text)), before,
    isText ? el("pre", { class: "text", tabindex: 0 }, value) : jsonTree(value, title));
}

function changes(whole) {
  if (!("changes" in whole)) return null;
  const found = whole.changes.map((change) => el("article", { class: "change" },
    el("h4", {},
      kinds.includes(change.table)
        ? el("a", { href: to("data", change.table, change.id) }, `${change.table} ${change.id}`)
        : `${change.table} ${change.id}`, " ",
      el("span", { class: "tag" }, change.before ? (change.after ? "updated" : "deleted") : "created"),
      change.cause && change.cause !== "call" ? el("span", { class: "tag" }, `caused by ${change.cause}`) : null),
    diffTable(change.before, change.after)));
  return el("section", { "aria-label": "Changes" }, el("h3", {}, "Changes"),
    found, el("p", { class: "hint" }, hintOfChanges(whole)));
}

function hintOfChanges({ hint, changes: shown }) {
  const words = OF_CHANGES.exec(hint ?? "")?.[1];
  if (words?.startsWith("its")) return "Incomplete: changes are recorded only while a dashboard is open.";
  return words ? `${words[0].toUpperCase()}${words.slice(1)}.` : shown.length ? "" : "No changes.";
}

function facts(exchange) {
  const rows = [
    ["ID", String(exchange.id)],
    ["Operation", exchange.endpoint || "none"],
    ["Sandbox time", `${dateOf(exchange.at_ms)} (${timeOf(exchange.at_ms)}, ${stampOf(exchange.at_ms)})`],
    ["Carried out", exchange.committed === undefined ? "" : exchange.committed ? "yes" : "no"],
    ["Idempotency", exchange.idempotency],
    ["Client", exchange.client],
    ["Ignored", exchange.ignored?.join("; ")],
  ].filter(([, value]) => value);
  return el("section", { "aria-label": "Details" }, el("h3", {}, "Details"),
    el("dl", { class: "facts" }, rows.map(([name, value]) => [el("dt", {}, name), el("dd", {}, value)])));
}
