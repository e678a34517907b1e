// The sandbox's clock: its time, controls to move it, and what each jump made due.

import { call, env, get } from "./api.js";
import { runAndReport } from "./dialogs.js";
import { button, el, field, replaceContent } from "./dom.js";
import { dateOf, jumpText, stampOf, timeOf } from "./format.js";
import { here, to } from "./routes.js";
import { dueText, kindText } from "./times.js";
import { part, pollAndRender, table } from "./views.js";

const DURATIONS = [["1h", "1 hour"], ["1d", "1 day"], ["8d", "8 days"], ["30d", "30 days"]];
const SHOWN_MAX = 20;
const ROWS = { // the rows that jobs act on, by kind of job
  authorization_expired: "charges", debit_settled: "charges", threeds_expired: "charges",
  subscription_run: "subscriptions", subscription_ended: "subscriptions", upcoming_charge_notice: "subscriptions",
};

/** Create the section of the clock. */
export function clockPart() {
  const face = el("div", { class: "stack" });
  const message = el("div", { class: "message" });
  const moves = el("div", { class: "stack", "aria-live": "polite" });
  const refreshMoves = pollAndRender(moves, async () => (await get("clock/moves?jobs=true")).data, renderMoves);
  const refresh = pollAndRender(face, () => get("clock"), (clock) => renderClock(clock), 1000);
  const move = (change) => async () => {
    const answer = await runAndReport(message, () => call("PUT", "clock", change));
    if (answer?.more) {
      replaceContent(message, el("p", { class: "hint" }, "More jobs are due; the rest run automatically."));
    }
    refresh();
    refreshMoves();
  };
  const duration = el("input", { type: "text", required: true, placeholder: "90m, 8d, 2h" });
  const advanceForm = el("form", {
    class: "inline",
    on: { submit: (event) => { event.preventDefault(); move({ advance: duration.value.trim() })(); } },
  }, field("Advance by", duration), el("button", { type: "submit" }, "Advance"));
  const advance = DURATIONS.map(([value, words]) => button(`+ ${words}`, move({ advance: value })));
  if (here().query.has("clock")) { // the link in the header; the form above is drawn first
    env().finally(() => requestAnimationFrame(() => advance[0].focus())).catch(() => {});
  }
  return part("Clock", el("div", { class: "card padded stack" }, face,
    el("div", { class: "actions" },
      button("Freeze", move({ freeze: true })), button("Resume", move({ resume: true }))),
    el("div", { class: "actions", role: "group", "aria-label": "Advance by" },
      advance),
    advanceForm, message), el("h3", {}, "Jumps, newest first"), moves);
}

function renderClock({ now_ms: now, frozen }) {
  return [
    el("p", { class: "face" }, el("time", { datetime: stampOf(now) }, dateOf(now))),
    el("p", { class: "hint" }, frozen ? "❄ Frozen." : "◷ Running.", ` ${stampOf(now)}`),
  ];
}

function renderMoves(moves) {
  const shown = moves.slice(-SHOWN_MAX).reverse();
  const newest = shown.find(({ jobs }) => jobs);
  if (!shown.length) return el("p", { class: "hint" }, "The clock was not moved.");
  return el("ol", { class: "moves" }, shown.map((move, place) => el("li", { class: "card padded" },
    el("p", {}, el("strong", {}, nameOf(move, shown[place + 1])), " ",
      el("span", { class: "hint" }, `at ${timeOf(move.machine_ms).slice(0, 8)} of your machine`)),
    move.to_ms > move.from_ms ? el("p", {}, `${dateOf(move.from_ms)} → ${dateOf(move.to_ms)}`) : null,
    move.due || move.to_ms > move.from_ms ? el("p", { class: move.due ? "" : "hint" }, dueText(move)) : null,
    move.jobs ? jobsOf(move, move === newest) : null)));
}

function nameOf({ from_ms: from, to_ms: to, frozen }, before) {
  const words = [to > from ? `◷ ${jumpText(to - from)}` : ""];
  if (frozen !== (before?.frozen ?? false) || to === from) words.push(frozen ? "❄ frozen" : "◷ resumed");
  return words.filter(Boolean).join(", ");
}

function jobsOf({ due, jobs, from_ms: from }, isOpen) {
  const total = Object.values(due).reduce((sum, n) => sum + n, 0);
  const lines = jobs.map((job) => [dateOf(job.at_ms), kindText(job.kind), linked(job)]);
  return el("details", { open: isOpen, class: "stack" },
    el("summary", {}, jobs.length < total ? `The first ${jobs.length} jobs` : "Jobs"),
    table(`Jobs of the jump from ${dateOf(from)}`, ["Time", "Job", "Object"], lines));
}

function linked({ kind, id }) {
  if (kind === "webhook_due") return el("a", { class: "mono", href: to("webhooks") }, id);
  const rows = ROWS[kind];
  return rows ? el("a", { class: "mono", href: to("data", rows, id) }, id) : el("span", { class: "mono" }, id);
}
