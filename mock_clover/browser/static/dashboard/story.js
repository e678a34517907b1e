// A payment from its token to its last webhook: its sums, and each step in order.

import { get } from "./api.js";
import { relatedRows } from "./data.js";
import { el, replaceContent } from "./dom.js";
import { withEvidence } from "./evidence.js";
import { countOf, moneyOf, shownText } from "./format.js";
import { OUTCOMES } from "./request-log.js";
import { to } from "./routes.js";
import { eventItem } from "./timeline.js";
import { pollAndRender, stateWord } from "./views.js";

/** Show the payment with the id of a charge, order, refund, token or checkout. */
export function open(root, [id = ""]) {
  const place = el("div", { class: "stack" }, el("p", { class: "hint" }, "…"));
  replaceContent(root, place);
  pollAndRender(place, () => get(`payments/${encodeURIComponent(id)}`), renderStory);
}

function renderStory(story) {
  const { line, steps, links, reads } = story;
  return el("article", { class: "card padded stack" },
    el("header", { class: "row-head" },
      el("div", {}, el("h3", { class: "title" }, line.title),
        el("p", {}, el("a", { class: "mono", href: to("data", story.kind, story.id) }, story.id)),
        line.card ? el("p", { class: "soft" }, shownText(line.card)) : null),
      el("div", { class: "right" },
        el("p", { class: "amount" }, moneyOf(line.amount, line.currency)), el("p", {}, stateWord(line.state)))),
    sums(story),
    el("section", { "aria-label": "Steps" }, el("h3", {}, "Steps"),
      el("ol", { class: "money story" }, steps.map((step, place) => stepItem(story, step, steps[place - 1])))),
    reads ? el("p", { class: "hint" }, `It was read ${countOf(reads, "time")} by its id.`) : null,
    links.length ? relatedRows(links) : null);
}

/** Show what the customer was charged, what was refunded, and the difference. */
function sums({ held, captured, refunded, stands, line }) {
  const shown = [["Held", held], ["Charged", captured], ["Refunded", refunded], ["Net", stands]]
    .filter(([name, amount]) => amount || name === "Charged" || name === "Net");
  return el("dl", { class: "totals" }, shown.map(([name, amount]) => el("div", {},
    el("dt", {}, name), el("dd", { class: name === "Net" ? "net" : "" }, moneyOf(amount, line.currency)))));
}

function stepItem(story, step, previous) {
  const most = Math.max(1, story.line.amount ?? 0, ...story.steps.map((each) => each.balance ?? 0));
  const words = step.delivery ? webhookWords(story, step.delivery)
    : step.request ? requestWords(step.request)
      : step.job ? el("span", { class: "soft" }, `by the clock: ${step.job.replaceAll("_", " ")}`) : null;
  const row = step.row && step.row.id !== story.id
    ? el("a", { class: "mono", href: to("data", step.row.kind, step.row.id) }, step.row.id) : null;
  return eventItem(step, previous, { most, currency: story.line.currency },
    words || row ? el("div", { class: "cause" }, words, row) : null);
}

function requestWords({ id, method, path, status, outcome, why }) {
  const { sign } = OUTCOMES[outcome];
  return [el("a", { href: to("exchanges", id), "data-key": `request ${id}` },
    el("span", { class: `is-${outcome} sign` }, `${sign} ${status ?? "lost"}`), " ",
    el("span", { class: "mono" }, `${method} ${path}`)), el("div", { class: "soft" }, withEvidence(why))];
}

function webhookWords(story, { id, event, target, state, attempts }) {
  return [el("a", { href: `${to("webhooks")}?object=${encodeURIComponent(story.id)}`, "data-key": `webhook ${id}` },
    event ?? id), el("span", { class: "soft" }, `to ${target}:`), stateWord(state),
  attempts > 1 ? el("span", { class: "soft" }, `${attempts} attempts`) : null];
}
