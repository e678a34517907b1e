// The sandbox's rows: a table for each kind, and one row with what hangs together with it.

import { get } from "./api.js";
import { attempt } from "./dialogs.js";
import { button, el, refill } from "./dom.js";
import { count, dateOf, moneyOf } from "./format.js";
import { jsonTree } from "./json.js";
import { timeline } from "./money.js";
import { go, to } from "./routes.js";
import { keepTrue, numberCell, stateWord, table, wrong } from "./views.js";

const LIMIT = 50;
const SEARCH_MS = 250;

let asked = 0;

/** Show a kind, and perhaps one row of it. */
export function open(root, [kind = "charges", id], query) {
  const kinds = el("div", { class: "kinds" });
  const body = el("div", { class: "stack" });
  refill(root, kinds, body);
  keepTrue(kinds, () => get("rows"), ({ data }) => el("ul", { class: "tabs" }, data.map((each) =>
    el("li", {}, el("a", {
      href: to("data", each.kind), "data-key": each.kind, "aria-current": each.kind === kind && "page",
    }, each.kind.replaceAll("_", " "), " ", el("span", { class: "n" }, count(each.count)))))));
  asked += 1;
  if (id === undefined) list(body, kind, query.get("q") ?? "");
  else one(body, kind, id);
}

function list(body, kind, q) {
  const found = el("div", { class: "stack" });
  let waiting = 0;
  const seek = el("input", {
    type: "search", value: q, "aria-label": `Search ${kind}`, autocomplete: "off",
    placeholder: "Search by id, title, state, amount, card", on: {
      input: () => {
        clearTimeout(waiting);
        waiting = setTimeout(() => {
          const words = seek.value.trim();
          go(to("data", kind) + (words ? `?q=${encodeURIComponent(words)}` : ""), true);
          pages(found, kind, words);
        }, SEARCH_MS);
      },
    },
  });
  refill(body, el("div", { class: "seek" }, seek), found);
  pages(found, kind, q);
}

/** Show the newest rows; older ones are asked for with a button, which gives way to them. */
function pages(found, kind, q) {
  const mine = (asked += 1);
  const path = (before) => `rows/${encodeURIComponent(kind)}?` +
    new URLSearchParams({ limit: LIMIT, q, ...(before ? { before } : {}) });
  const first = el("div");
  const more = el("div", { class: "stack" });
  refill(found, first, more);
  let olderFrom = null; // once older ones are shown below, the first page stays as it is
  let newest = null;
  const look = async () => (olderFrom === null ? (newest = await get(path())) : newest);
  keepTrue(first, look, (answer) => {
    if (mine !== asked) return [];
    const last = answer.data.at(-1)?.id;
    if (olderFrom === null) offer(more, answer, last);
    return lines(kind, answer, q);
  });
  function offer(place, answer, last) {
    refill(place);
    if (!answer.has_more || !last) return;
    const said = el("div", { class: "said" });
    refill(place, button("Older", async () => {
      olderFrom ??= last;
      const next = await attempt(said, () => get(path(last)));
      if (!next) return;
      const further = el("div", { class: "stack" });
      refill(place, lines(kind, next, q), further);
      offer(further, next, next.data.at(-1)?.id);
    }), said);
  }
}

function lines(kind, { data, searched, has_more: more }, q) {
  const empty = q
    ? `Nothing like that among ${count(searched)} rows.`
    : `There are no ${kind.replaceAll("_", " ")} yet.`;
  const has = (name) => data.some((each) => each[name] !== undefined && each[name] !== null);
  const columns = [
    ["Id", true, (each) => el("a", {
      class: "mono", href: to("data", kind, each.id), "data-key": each.id }, each.id)],
    ["Made", has("at_ms"), (each) => el("span", { class: "soft" }, each.at_ms ? dateOf(each.at_ms) : "")],
    ["What", true, (each) => el("span", { class: "what" }, each.title)],
    ["State", has("state"), (each) => stateWord(each.state)],
    ["Card", has("card"), (each) => each.card ?? ""],
    ["Amount", has("amount"), (each) => numberCell(moneyOf(each.amount, each.currency))],
  ].filter(([, is]) => is);
  const shown = table(kind, columns.map(([head]) => head),
    data.map((each) => columns.map(([, , cell]) => cell(each))), { empty });
  return q && more && data.length < LIMIT
    ? [shown, el("p", { class: "hint" }, `A search looks at the newest ${count(searched)} rows.`)]
    : shown;
}

async function one(body, kind, id) {
  const mine = asked;
  const back = el("p", {}, el("a", { href: to("data", kind) }, `‹ all ${kind.replaceAll("_", " ")}`));
  refill(body, back, el("p", { class: "hint" }, "…"));
  let whole;
  try {
    whole = await get(`rows/${encodeURIComponent(kind)}/${encodeURIComponent(id)}`);
  } catch (error) {
    if (mine === asked) refill(body, back, wrong(error));
    return;
  }
  if (mine !== asked) return;
  const { line } = whole;
  const currency = line.currency;
  refill(body, back,
    el("article", { class: "sheet padded stack" },
      el("header", { class: "row-head" },
        el("div", {}, el("h3", { class: "title" }, line.title), el("p", { class: "mono soft" }, whole.id)),
        el("div", { class: "right" },
          line.amount === undefined || line.amount === null
            ? null : el("p", { class: "amount" }, moneyOf(line.amount, currency)),
          el("p", {}, stateWord(line.state)))),
      whole.timeline.length ? timeline(whole.timeline, currency, line.amount) : null,
      whole.links.length ? links(whole.links) : null,
      el("section", { "aria-label": "The row" }, el("h3", {}, "The row"), jsonTree(whole.row, "Row"))));
}

function links(found) {
  const kinds = [...new Set(found.map((each) => each.kind))];
  return el("section", { "aria-label": "Belongs together" }, el("h3", {}, "Belongs together"),
    el("dl", { class: "facts" }, kinds.map((kind) => [
      el("dt", {}, kind.replaceAll("_", " ")),
      el("dd", { class: "links" }, found.filter((each) => each.kind === kind).map(({ id }) =>
        el("a", { class: "mono", href: to("data", kind, id) }, id)))])));
}
