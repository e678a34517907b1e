// One exchange, whole: how it ended and why, what was said, what it changed, and how to repeat it.

import { call, env, get } from "./api.js";
import { button, byId, copyButton, el, refill } from "./dom.js";
import { attempt } from "./dialogs.js";
import { dateOf, stampOf, timeOf, tookOf } from "./format.js";
import { diffTable, jsonTree } from "./json.js";
import { OUTCOMES, outcomeOf } from "./kept.js";
import { to } from "./routes.js";

let asked = 0;
let kinds = []; // of rows that can be looked at

/** Show an exchange: at once what the list has of it, then all that the server knows. */
export async function openDetail(id, entry, acts) {
  const root = byId("detail");
  const mine = (asked += 1);
  root.hidden = false;
  if (entry?.isWhole) refill(root, page({ exchange: JSON.parse(entry.text) }, acts, "more is asked for …"));
  else refill(root, head(id, acts), el("p", { class: "hint" }, "…"));
  let whole;
  try {
    if (!kinds.length) ({ kinds } = await env());
    whole = await get(`journal/${id}`);
  } catch (error) {
    if (mine !== asked) return;
    if (entry?.isWhole) hint(root, error.message);
    else refill(root, head(id, acts), el("p", { class: "said-wrong", role: "alert" }, error.message));
    return;
  }
  if (mine !== asked) return;
  const hadFocus = root.contains(document.activeElement);
  const place = root.scrollTop;
  refill(root, page(whole, acts, ""));
  if (hadFocus) byId("detail-title").focus({ preventScroll: true });
  root.scrollTop = place;
}

export function closeDetail() {
  asked += 1;
  byId("detail").hidden = true;
  refill(byId("detail"));
}

function hint(root, words) {
  const place = root.querySelector("[data-more]");
  if (place) refill(place, words);
}

function head(id, acts) {
  return el("header", { class: "detail-head" },
    el("h2", { id: "detail-title", tabindex: -1 }, `Exchange ${id}`),
    button("Close", acts.onShut, { class: "quiet small", title: "Esc" }));
}

function page(whole, acts, waiting) {
  const { exchange } = whole;
  const outcome = outcomeOf(exchange);
  return [
    el("header", { class: "detail-head" },
      el("h2", { id: "detail-title", tabindex: -1 },
        el("span", { class: "method" }, exchange.method), " ",
        el("span", { class: "path" }, exchange.path)),
      button("Close", acts.onShut, { class: "quiet small", title: "Esc" })),
    el("p", { class: "outcome" },
      el("strong", { class: `is-${outcome} big` }, `${OUTCOMES[outcome].sign} ${exchange.status || "no answer"}`),
      " ", OUTCOMES[outcome].word, " in ", tookOf(exchange.took_us),
      exchange.fault ? el("span", { class: "badge fault" }, `⚡ ${exchange.fault}`) : null,
      exchange.idempotency === "replayed" ? el("span", { class: "badge replayed" }, "↺ replayed") : null),
    why(whole),
    again(whole, acts),
    part("Reply", exchange.reply),
    part("Request", exchange.request),
    changes(whole),
    facts(exchange),
    el("p", { class: "hint", "data-more": true }, whole.hint ?? waiting),
  ];
}

function why({ exchange, rule }) {
  return el("section", { class: "why", "aria-label": "Why" },
    el("h3", {}, "Why"),
    el("p", { class: "words" }, exchange.why || "nothing special: it was done as it was asked"),
    rule ? el("p", { class: "rule" }, el("span", { class: "tag" }, "rule"), " ",
      rule.name === exchange.why ? null : [el("strong", {}, rule.name), " "], rule.because) : null);
}

function again(whole, acts) {
  if (!("replayable" in whole)) return null;
  const said = el("div", { class: "said" });
  const replay = button("Replay", async () => {
    replay.disabled = true;
    const made = await attempt(said, () => call("POST", `journal/${whole.exchange.id}/replay`, {}));
    replay.disabled = false;
    if (made) acts.onReplayed(made.id);
  }, { disabled: !whole.replayable, title: whole.replayable ? "" : whole.hint ?? "" });
  return el("div", { class: "again" },
    el("div", { class: "actions" }, replay,
      whole.curl ? copyButton("Copy as curl", () => whole.curl, { class: "" }) : null,
      el("a", { class: "quiet", href: to("try", whole.exchange.id) }, "Ask why")),
    said);
}

function part(title, value) {
  if (value === null || value === undefined || value === "") {
    return el("section", {}, el("h3", {}, title), el("p", { class: "hint" }, "No body."));
  }
  const isText = typeof value === "string";
  const text = () => (isText ? value : JSON.stringify(value, null, 2));
  return el("section", { "aria-label": title },
    el("div", { class: "part-head" }, el("h3", {}, title), copyButton("Copy", text)),
    isText ? el("pre", { class: "text", tabindex: 0 }, value) : jsonTree(value, title));
}

function changes(whole) {
  if (!("changes" in whole)) return null;
  const found = whole.changes.map((each) => el("article", { class: "change" },
    el("h4", {},
      kinds.includes(each.table)
        ? el("a", { href: to("data", each.table, each.id) }, `${each.table} ${each.id}`)
        : `${each.table} ${each.id}`, " ",
      el("span", { class: "tag" }, each.before ? (each.after ? "changed" : "removed") : "made"),
      each.cause && each.cause !== "call" ? el("span", { class: "tag" }, `by ${each.cause}`) : null),
    diffTable(each.before, each.after)));
  return el("section", { "aria-label": "What it changed" }, el("h3", {}, "What it changed"),
    found, found.length && whole.noted ? null : el("p", { class: "hint" }, noneOf(whole)));
}

const noneOf = (whole) =>
  whole.noted ? "Nothing." : "Not all is known: changes are noted once the dashboard is open.";

function facts(exchange) {
  const told = [
    ["Number", String(exchange.id)],
    ["Operation", exchange.endpoint || "none"],
    ["Sandbox's time", `${dateOf(exchange.at_ms)} (${timeOf(exchange.at_ms)}, ${stampOf(exchange.at_ms)})`],
    ["Idempotency", exchange.idempotency],
    ["Client", exchange.client],
    ["Ignored", exchange.ignored?.join("; ")],
  ].filter(([, value]) => value);
  return el("section", { "aria-label": "Circumstances" }, el("h3", {}, "Circumstances"),
    el("dl", { class: "facts" }, told.map(([name, value]) => [el("dt", {}, name), el("dd", {}, value)])));
}
