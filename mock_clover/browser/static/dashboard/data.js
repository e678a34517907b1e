// The sandbox's rows: a table for each kind, and the page of one row with its related rows.

import { get } from "./api.js";
import { runAndReport } from "./dialogs.js";
import { button, debounced, el, replaceContent } from "./dom.js";
import { count, dateOf, moneyOf, shownText } from "./format.js";
import { jsonTree } from "./json.js";
import { timeline } from "./timeline.js";
import { go, here, to } from "./routes.js";
import { ROWS_OF } from "./webhook-send.js";
import { numberCell, pollAndRender, stateWord, table } from "./views.js";

const LIMIT = 50;
const SEARCH_MS = 250;

let latestRequest = 0;

/** Show a kind, or one row of it. */
export function open(root, [kind = "charges", id], query) {
  const kinds = el("div", { class: "kinds" });
  const body = el("div", { class: "stack" });
  replaceContent(root, kinds, body);
  let isFirst = true;
  const showCurrent = () => kinds.querySelector("[aria-current]")
    ?.scrollIntoView({ block: "nearest", inline: "center" });
  pollAndRender(kinds, () => get("rows"), ({ data }) => {
    if (isFirst) requestAnimationFrame(showCurrent); // on a phone the kinds are a line that scrolls
    isFirst = false;
    return el("ul", { class: "tabs" }, data.map((each) =>
    el("li", {}, el("a", {
      href: to("data", each.kind), "data-key": each.kind, "aria-current": each.kind === kind && "page",
    }, each.kind.replaceAll("_", " "), " ", el("span", { class: "n" }, count(each.count))))));
  });
  latestRequest += 1;
  if (id === undefined) list(body, kind, query.get("q") ?? "");
  else showRow(body, kind, id);
}

function list(body, kind, q) {
  const found = el("div", { class: "stack" });
  const search = debounced(found, SEARCH_MS, () => {
    const [, kindNow = kind, id] = here().parts;
    if (kindNow !== kind || id !== undefined) return; // the user has left, and the view does not know it yet
    const words = searchField.value.trim();
    go(to("data", kind) + (words ? `?q=${encodeURIComponent(words)}` : ""), true);
    showPages(found, kind, words);
  });
  const searchField = el("input", {
    type: "search", value: q, "aria-label": `Search ${kind}`, autocomplete: "off",
    placeholder: "Search by id, title, state, amount, card", on: { input: search },
  });
  replaceContent(body, el("div", { class: "search" }, searchField), found);
  showPages(found, kind, q);
}

/** Show the newest rows; a button loads older ones and is replaced by them. */
function showPages(found, kind, q) {
  const request = (latestRequest += 1);
  const path = (before) => `rows/${encodeURIComponent(kind)}?` +
    new URLSearchParams({ limit: LIMIT, q, ...(before ? { before } : {}) });
  const first = el("div");
  const more = el("div", { class: "stack" });
  replaceContent(found, first, more);
  let olderFrom = null; // once older rows are shown, the first page is no longer updated
  let newest = null;
  const load = async () => (olderFrom === null ? (newest = await get(path())) : newest);
  pollAndRender(first, load, (answer) => {
    if (request !== latestRequest) return [];
    const last = answer.data.at(-1)?.id;
    if (olderFrom === null) offer(more, answer, last);
    return renderRows(kind, answer, q);
  });
  function offer(place, answer, last) {
    replaceContent(place);
    if (!answer.has_more || !last) return;
    const message = el("div", { class: "message" });
    replaceContent(place, button("Older", async () => {
      olderFrom ??= last;
      const next = await runAndReport(message, () => get(path(last)));
      if (!next) return;
      const olderPages = el("div", { class: "stack" });
      replaceContent(place, renderRows(kind, next, q), olderPages);
      offer(olderPages, next, next.data.at(-1)?.id);
    }), message);
  }
}

function renderRows(kind, { data, searched, has_more: more }, q) {
  const empty = q
    ? `No match in ${count(searched)} rows.`
    : `There are no ${kind.replaceAll("_", " ")} yet.`;
  const has = (name) => data.some((each) => each[name] !== undefined && each[name] !== null);
  const columns = [
    ["Id", true, (each) => el("a", {
      class: "mono", href: to("data", kind, each.id), "data-key": each.id }, each.id)],
    ["Created", has("at_ms"), (each) => el("span", { class: "soft" }, each.at_ms ? dateOf(each.at_ms) : "")],
    ["Description", true, (each) => el("span", { class: "what" }, shownText(each.title))],
    ["State", has("state"), (each) => stateWord(each.state)],
    ["Card", has("card"), (each) => shownText(each.card ?? "")],
    ["Amount", has("amount"), (each) => numberCell(moneyOf(each.amount, each.currency))],
  ].filter(([, is]) => is);
  const shown = table(kind, columns.map(([head]) => head),
    data.map((each) => columns.map(([, , cell]) => cell(each))), { empty });
  return q && more && data.length < LIMIT
    ? [shown, el("p", { class: "hint" }, `Only the newest ${count(searched)} rows were searched.`)]
    : shown;
}

function showRow(body, kind, id) {
  const back = el("p", {}, el("a", { href: to("data", kind) }, `‹ All ${kind.replaceAll("_", " ")}`));
  const place = el("div", { class: "stack" }, el("p", { class: "hint" }, "…"));
  replaceContent(body, back, place);
  pollAndRender(place, () => get(`rows/${encodeURIComponent(kind)}/${encodeURIComponent(id)}`), renderRow);
}

function renderRow(whole) {
  const { line } = whole;
  const currency = line.currency;
  return el("article", { class: "card padded stack" },
    el("header", { class: "row-head" },
      el("div", {}, el("h3", { class: "title" }, shownText(line.title)), el("p", { class: "mono soft" }, whole.id)),
      el("div", { class: "right" },
        line.amount === undefined || line.amount === null
          ? null : el("p", { class: "amount" }, moneyOf(line.amount, currency)),
        el("p", {}, stateWord(line.state)))),
    isPayment(whole)
      ? el("p", {}, el("a", { class: "as-button", href: to("payment", whole.id) }, "Show payment")) : null,
    whole.timeline.length ? timeline(whole.timeline, currency, line.amount) : null,
    whole.links.length ? relatedRows(whole.links) : null,
    Object.values(ROWS_OF).includes(whole.kind) ? el("p", {}, el("a", {
      href: `${to("webhooks")}?object=${encodeURIComponent(whole.id)}` }, "Webhook deliveries about it")) : null,
    el("section", { "aria-label": "Raw data" }, el("h3", {}, "Raw data"), jsonTree(whole.row, "Raw data")));
}

/** Return whether a row belongs to a payment, which has a page. */
const isPayment = ({ kind, links }) => kind === "charges" ||
  (["orders", "refunds", "tokens", "checkouts"].includes(kind) && links.some((each) => each.kind === "charges"));

/** Link the related rows, by kind. */
export function relatedRows(found) {
  const kinds = [...new Set(found.map((each) => each.kind))];
  return el("section", { "aria-label": "Related rows" }, el("h3", {}, "Related rows"),
    el("dl", { class: "facts" }, kinds.map((kind) => [
      el("dt", {}, kind.replaceAll("_", " ")),
      el("dd", { class: "links" }, found.filter((each) => each.kind === kind).map(({ id }) =>
        el("a", { class: "mono", href: to("data", kind, id) }, id)))])));
}
