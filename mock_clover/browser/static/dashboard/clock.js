// The sandbox's clock: what it shows, and the ways to move it; what was due on the way is told.

import { call, env, get } from "./api.js";
import { attempt } from "./dialogs.js";
import { button, el, field, refill } from "./dom.js";
import { dateOf, some, stampOf } from "./format.js";
import { to } from "./routes.js";
import { keepTrue, part, table } from "./views.js";

const SPANS = [["1h", "1 hour"], ["1d", "1 day"], ["8d", "8 days"], ["30d", "30 days"]];
const KIND_OF = /^(charge|subscription|checkout|plan|order|refund)/;
const FIRED_MAX = 100;

let kinds = [];

/** Make the part of the clock. */
export function clockPart() {
  env().then((words) => (kinds = words.kinds)).catch(() => {});
  const face = el("div", { class: "stack" });
  const said = el("div", { class: "said" });
  const fired = el("div", { class: "stack", "aria-live": "polite" });
  const look = keepTrue(face, () => get("clock"), (clock) => shown(clock), 1000);
  const put = (asked) => async () => {
    const answer = await attempt(said, () => call("PUT", "clock", asked));
    if (answer) refill(fired, happened(answer));
    look();
  };
  const own = el("input", { type: "text", required: true, placeholder: "90m, 8d, 2h" });
  const onward = el("form", {
    class: "inline",
    on: { submit: (event) => { event.preventDefault(); put({ advance: own.value.trim() })(); } },
  }, field("Go on by", own), el("button", { type: "submit" }, "Go on"));
  return part("Clock", el("div", { class: "sheet padded stack" }, face,
    el("div", { class: "actions" },
      button("Stand still", put({ freeze: true })), button("Run again", put({ resume: true }))),
    el("div", { class: "actions", role: "group", "aria-label": "Go on by" },
      SPANS.map(([span, words]) => button(`+ ${words}`, put({ advance: span })))),
    onward, said), fired);
}

function shown({ now_ms: now, frozen }) {
  return [
    el("p", { class: "face" }, el("time", { datetime: stampOf(now) }, dateOf(now))),
    el("p", { class: "hint" }, frozen ? "❄ It stands still." : "◷ It runs.", ` ${stampOf(now)}`),
  ];
}

function happened({ fired, more }) {
  const lines = fired.slice(-FIRED_MAX).map((each) => [
    dateOf(each.at_ms), each.kind.replaceAll("_", " "), linked(each)]);
  return [
    el("p", {}, fired.length ? `${some(fired.length, "thing")} happened on the way:` : "Nothing was due on the way."),
    fired.length ? table("What happened", ["When", "What", "Of"], lines) : null,
    more ? el("p", { class: "hint" }, "More is due than happens at one go; it goes on by itself.") : null,
  ];
}

function linked({ kind, id }) {
  const found = kinds.find((each) => each === `${kind.match(KIND_OF)?.[1]}s`);
  return found ? el("a", { class: "mono", href: to("data", found, id) }, id) : el("span", { class: "mono" }, id);
}
