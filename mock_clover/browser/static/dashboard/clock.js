// The sandbox's clock: its time, controls to move it, and the jobs that ran.

import { call, env, get } from "./api.js";
import { runAndReport } from "./dialogs.js";
import { button, el, field, replaceContent } from "./dom.js";
import { countOf, dateOf, stampOf } from "./format.js";
import { to } from "./routes.js";
import { part, pollAndRender, table } from "./views.js";

const DURATIONS = [["1h", "1 hour"], ["1d", "1 day"], ["8d", "8 days"], ["30d", "30 days"]];
const KIND_OF = /^(charge|subscription|checkout|plan|order|refund)/;
const FIRED_MAX = 100;

let kinds = [];

/** Create the section of the clock. */
export function clockPart() {
  env().then((words) => (kinds = words.kinds)).catch(() => {});
  const face = el("div", { class: "stack" });
  const message = el("div", { class: "message" });
  const fired = el("div", { class: "stack", "aria-live": "polite" });
  const refresh = pollAndRender(face, () => get("clock"), (clock) => renderClock(clock), 1000);
  const move = (change) => async () => {
    const answer = await runAndReport(message, () => call("PUT", "clock", change));
    if (answer) replaceContent(fired, renderJobs(answer));
    refresh();
  };
  const duration = el("input", { type: "text", required: true, placeholder: "90m, 8d, 2h" });
  const advanceForm = el("form", {
    class: "inline",
    on: { submit: (event) => { event.preventDefault(); move({ advance: duration.value.trim() })(); } },
  }, field("Advance by", duration), el("button", { type: "submit" }, "Advance"));
  return part("Clock", el("div", { class: "card padded stack" }, face,
    el("div", { class: "actions" },
      button("Freeze", move({ freeze: true })), button("Resume", move({ resume: true }))),
    el("div", { class: "actions", role: "group", "aria-label": "Advance by" },
      DURATIONS.map(([value, words]) => button(`+ ${words}`, move({ advance: value })))),
    advanceForm, message), fired);
}

function renderClock({ now_ms: now, frozen }) {
  return [
    el("p", { class: "face" }, el("time", { datetime: stampOf(now) }, dateOf(now))),
    el("p", { class: "hint" }, frozen ? "❄ Frozen." : "◷ Running.", ` ${stampOf(now)}`),
  ];
}

function renderJobs({ fired, more }) {
  const lines = fired.slice(-FIRED_MAX).map((job) => [
    dateOf(job.at_ms), job.kind.replaceAll("_", " "), linked(job)]);
  return [
    el("p", {}, fired.length ? `${countOf(fired.length, "job")} ran:` : "No jobs were due."),
    fired.length ? table("Jobs", ["Time", "Job", "Object"], lines) : null,
    more ? el("p", { class: "hint" }, "More jobs are due; the rest run automatically.") : null,
  ];
}

function linked({ kind, id }) {
  const found = kinds.find((each) => each === `${kind.match(KIND_OF)?.[1]}s`);
  return found ? el("a", { class: "mono", href: to("data", found, id) }, id) : el("span", { class: "mono" }, id);
}
