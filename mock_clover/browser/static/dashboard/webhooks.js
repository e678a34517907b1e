// Webhooks: where events go, what was delivered and how often it was tried, and once more.

import { call, get } from "./api.js";
import { attempt } from "./dialogs.js";
import { button, copyButton, el, field, refill, select } from "./dom.js";
import { dateOf, some } from "./format.js";
import { jsonTree } from "./json.js";
import { keepTrue, part, redraw, stateWord, table } from "./views.js";

const STATES = ["under_way", "waiting", "held", "delivered", "failed", "dropped"];
const SHOWN = 100;

const opened = new Set(); // deliveries whose body is looked at, over drawings

/** Show targets, a form for another, and deliveries. */
export function open(root) {
  const targets = el("div", { class: "stack" });
  const said = el("div", { class: "said" });
  const sent = el("div", { class: "stack" });
  const state = select([["", "every state"], ...STATES.map((each) => [each, each.replace("_", " ")])],
    "", { "aria-label": "State" });
  refill(root,
    el("div", { class: "columns even" }, part("Targets", targets, said), part("Add a target", form(() => look()))),
    part("Deliveries, newest first", el("div", { class: "actions" }, state), sent));
  const look = keepTrue(targets, () => get("webhooks"), ({ data }) => shown(data, said, () => look()));
  const follow = () => keepTrue(sent,
    () => get(`deliveries?limit=${SHOWN}${state.value ? `&state=${state.value}` : ""}`),
    ({ data }) => deliveries(data.reverse(), sent), 1500);
  state.addEventListener("change", follow);
  follow();
}

function shown(data, said, look) {
  const remove = (id) => async () => {
    await attempt(said, () => call("DELETE", `webhooks/${encodeURIComponent(id)}`));
    look();
  };
  return table("Targets", ["Target", "Events", "State", ""], data.map((each) => [
    [el("strong", {}, each.id), el("div", { class: "mono soft" }, each.url)],
    `${each.kind.replace("_", " ")}: ${each.events.length ? each.events.join(", ") : "all"}`,
    [stateWord(each.state), each.withheld ? el("div", { class: "hint" }, `${each.withheld} withheld`) : null],
    button("Remove", remove(each.id), {
      class: "small danger", "data-key": each.id, "aria-label": `Remove ${each.id}` }),
  ]), { empty: "Events go nowhere: there is no target." });
}

function form(look) {
  const kind = select([["platform", "platform"], ["hosted_checkout", "hosted checkout"]]);
  const url = el("input", { type: "url", required: true, placeholder: "http://localhost:3000/webhook" });
  const said = el("div", { class: "said" });
  return el("form", {
    class: "sheet padded stack",
    on: {
      submit: async (event) => {
        event.preventDefault();
        const made = await attempt(said, () => call("PUT", "webhooks", { kind: kind.value, url: url.value.trim() }));
        if (made) refill(said, secretOf(made));
        look();
      },
    },
  }, field("Events", kind), field("Address", url, "Loopback or a private network."),
  el("div", { class: "actions" }, el("button", { type: "submit", class: "primary" }, "Add")), said);
}

function secretOf(made) {
  return el("div", { class: "said-done", role: "status" },
    el("p", {}, `${made.id} is in force.`, made.secret ? " Its secret is told only now:" : ""),
    made.secret ? el("p", {}, el("code", {}, made.secret), " ", copyButton("Copy", () => made.secret)) : null);
}

function deliveries(data, root) {
  if (!data.length) return el("p", { class: "hint" }, "None.");
  return el("ol", { class: "deliveries" }, data.map((each) => delivery(each, () =>
    redraw(root, () => deliveries(data, root)))));
}

function delivery(each, again) {
  const said = el("div", { class: "said" });
  const isOpen = opened.has(each.id);
  const words = isOpen ? "Fold" : "Look";
  const fold = button(words, () => {
    if (isOpen) opened.delete(each.id);
    else opened.add(each.id);
    again();
  }, {
    class: "small", "data-key": `look ${each.id}`, "aria-expanded": String(isOpen),
    "aria-label": `${words} ${each.id}`,
  });
  const resend = button("Send again", () => attempt(said,
    () => call("POST", `deliveries/${encodeURIComponent(each.id)}/resend`, {}), "It goes out once more."),
  { class: "small", "data-key": `resend ${each.id}`, "aria-label": `Send again ${each.id}` });
  return el("li", { class: "sheet padded stack" },
    el("div", { class: "delivery" }, stateWord(each.state),
      el("strong", {}, each.event ? `${each.about} ${each.event}` : each.about),
      el("span", { class: "soft" }, `to ${each.target}`), el("time", { class: "soft" }, dateOf(each.made_ms)),
      each.resend_of ? el("span", { class: "tag" }, `again of ${each.resend_of}`) : null,
      el("span", { class: "actions push" }, fold, resend)),
    each.attempts.length ? el("ol", { class: "attempts" }, each.attempts.map((tried) => el("li", {},
      `${tried.number}. ${dateOf(tried.sent_ms)}: `,
      el("strong", {}, tried.status ? `${tried.status < 300 ? "●" : "✕"} ${tried.status}` : "✕ no answer"),
      // What is zero is left out of the answer.
      tried.error ? ` ${tried.error}` : "", `, ${tried.took_ms ?? 0} ms`)))
      : el("p", { class: "hint" }, "Not tried yet."),
    each.due_ms ? el("p", { class: "hint" }, `Next at ${dateOf(each.due_ms)}, by the sandbox’s clock.`) : null,
    each.held_for ? el("p", { class: "hint" }, `Held for ${each.held_for}.`) : null,
    said, isOpen ? jsonTree(each.body, `Body of ${each.id}`) : null,
    isOpen ? el("p", { class: "hint" }, `${each.id}, ${some(each.attempts.length, "attempt")}`) : null);
}
