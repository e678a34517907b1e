// Webhook targets, and deliveries with their attempts; a delivery can be sent again.

import { call, get } from "./api.js";
import { runAndReport } from "./dialogs.js";
import { button, copyButton, el, field, replaceContent, select } from "./dom.js";
import { countOf, dateOf } from "./format.js";
import { jsonTree } from "./json.js";
import { part, pollAndRender, redraw, stateLabel, stateWord, table } from "./views.js";

const STATES = ["under_way", "waiting", "held", "delivered", "failed", "dropped"];
const SHOWN = 100;

const typedCodes = new Map(); // by target; kept when the list is redrawn
const openedIds = new Set(); // deliveries whose body is shown; kept when the list is redrawn

/** Show targets, a form for another, and deliveries. */
export function open(root) {
  const targets = el("div", { class: "stack" });
  const message = el("div", { class: "message" });
  const deliveryList = el("div", { class: "stack" });
  const state = select([["", "All states"], ...STATES.map((value) => [value, stateLabel(value)])],
    "", { "aria-label": "State" });
  replaceContent(root,
    el("div", { class: "columns even" },
      part("Targets", targets, message), part("Add a target", form(() => refresh()))),
    part("Deliveries, newest first", el("div", { class: "actions" }, state), deliveryList));
  const refresh = pollAndRender(targets, () => get("webhooks"),
    ({ data }) => renderTargets(data, message, () => refresh()));
  const follow = () => pollAndRender(deliveryList,
    () => get(`deliveries?limit=${SHOWN}${state.value ? `&state=${state.value}` : ""}`),
    ({ data }) => renderDeliveries(data.reverse(), deliveryList), 1500);
  state.addEventListener("change", follow);
  follow();
}

function renderTargets(data, message, refresh) {
  const remove = (id) => async () => {
    await runAndReport(message, () => call("DELETE", `webhooks/${encodeURIComponent(id)}`));
    refresh();
  };
  return table("Targets", ["Target", "Events", "State", ""], data.map((target) => [
    [el("strong", {}, target.id), el("div", { class: "mono soft" }, target.url)],
    `${target.kind.replace("_", " ")}: ${target.events.length ? target.events.join(", ") : "all"}`,
    [stateWord(target.state), unsent(target.withheld),
      target.state === "awaiting_code" ? verification(target, message, refresh) : null],
    button("Delete", remove(target.id), {
      class: "small danger", "data-key": target.id, "aria-label": `Delete ${target.id}` }),
  ]), { empty: "No targets: events are not sent." });
}

/** Confirm the code that was sent to a target, or go on without it. */
function verification(target, message, refresh) {
  const code = el("input", {
    type: "text", required: true, autocomplete: "off", "aria-label": `Verification code of ${target.id}`,
    placeholder: "code it received", "data-key": `code ${target.id}`,
    value: typedCodes.get(target.id) ?? "", on: { input: () => typedCodes.set(target.id, code.value) },
  });
  const act = async (send) => {
    await runAndReport(message, send);
    refresh();
  };
  const path = `webhooks/${encodeURIComponent(target.id)}`;
  return el("form", {
    class: "stack verification",
    on: {
      submit: (event) => {
        event.preventDefault();
        act(() => call("POST", `${path}/verify`, { verificationCode: code.value.trim() }));
      },
    },
  }, code, el("div", { class: "actions" }, el("button", { type: "submit", class: "small" }, "Verify"),
    button("Skip verification", () => act(() => call("POST", `${path}/verify`, { skip: true })), {
      class: "small", "data-key": `skip ${target.id}`, "aria-label": `Skip verification of ${target.id}`,
    })));
}

const unsent = (n) => (n ? el("div", { class: "hint" }, `${countOf(n, "event")} not sent (unverified)`) : null);

function form(refresh) {
  const kind = select([["platform", "platform"], ["hosted_checkout", "hosted checkout"]]);
  const url = el("input", { type: "url", required: true, placeholder: "http://localhost:3000/webhook" });
  const message = el("div", { class: "message" });
  const skip = el("input", { type: "checkbox", id: "skip-verification" });
  const handshake = el("p", { class: "check" }, skip,
    el("label", { for: "skip-verification" }, "Skip the verification code"));
  kind.addEventListener("change", () => (handshake.hidden = kind.value !== "platform"));
  return el("form", {
    class: "card padded stack",
    on: {
      submit: async (event) => {
        event.preventDefault();
        const target = { kind: kind.value, url: url.value.trim() };
        if (kind.value === "platform" && skip.checked) target.handshake = false;
        const made = await runAndReport(message, () => call("PUT", "webhooks", target));
        if (made) replaceContent(message, secretOf(made));
        refresh();
      },
    },
  }, field("Events", kind), field("URL", url, "Must be on loopback or a private network."),
  handshake,
  el("div", { class: "actions" }, el("button", { type: "submit", class: "primary" }, "Add")), message);
}

function secretOf(made) {
  return el("div", { class: "message-success", role: "status" },
    el("p", {}, `Added ${made.id}.`, made.secret ? " The secret is shown only once:" : ""),
    made.secret ? el("p", {}, el("code", {}, made.secret), " ", copyButton("Copy", () => made.secret)) : null);
}

function renderDeliveries(data, root) {
  if (!data.length) return el("p", { class: "hint" }, "None.");
  const redrawList = () => redraw(root, () => renderDeliveries(data, root));
  return el("ol", { class: "deliveries" }, data.map((delivery) => deliveryItem(delivery, redrawList)));
}

const statusOf = ({ status }) => (status ? `${status < 300 ? "●" : "✕"} ${status}` : "✕ no response");

function deliveryItem(delivery, redrawList) {
  const message = el("div", { class: "message" });
  const isOpen = openedIds.has(delivery.id);
  const words = isOpen ? "Hide" : "Show";
  const toggle = button(words, () => {
    if (isOpen) openedIds.delete(delivery.id);
    else openedIds.add(delivery.id);
    redrawList();
  }, {
    class: "small", "data-key": `show ${delivery.id}`, "aria-expanded": String(isOpen),
    "aria-label": `${words} ${delivery.id}`,
  });
  const resend = button("Send again", () => runAndReport(message,
    () => call("POST", `deliveries/${encodeURIComponent(delivery.id)}/resend`, {}), "Queued for resending."),
  { class: "small", "data-key": `resend ${delivery.id}`, "aria-label": `Send again ${delivery.id}` });
  return el("li", { class: "card padded stack" },
    el("div", { class: "delivery" }, stateWord(delivery.state),
      el("strong", {}, delivery.event ? `${delivery.about} ${delivery.event}` : delivery.about),
      el("span", { class: "soft" }, `to ${delivery.target}`), el("time", { class: "soft" }, dateOf(delivery.made_ms)),
      delivery.resend_of ? el("span", { class: "tag" }, `resend of ${delivery.resend_of}`) : null,
      el("span", { class: "actions push" }, toggle, resend)),
    delivery.attempts.length ? el("ol", { class: "attempts" }, delivery.attempts.map((attempt) => el("li", {},
      `${attempt.number}. ${dateOf(attempt.sent_ms)}: `,
      el("strong", {}, statusOf(attempt)),
      // Zero values are omitted from the response.
      attempt.error ? ` ${attempt.error}` : "", `, ${attempt.took_ms ?? 0} ms`)))
      : el("p", { class: "hint" }, "No attempts yet."),
    delivery.due_ms ? el("p", { class: "hint" }, `Next attempt at ${dateOf(delivery.due_ms)} (sandbox clock).`) : null,
    delivery.held_for ? el("p", { class: "hint" }, `Waiting for ${delivery.held_for}.`) : null,
    message, isOpen ? jsonTree(delivery.body, `Body of ${delivery.id}`) : null,
    isOpen ? el("p", { class: "hint" }, `${delivery.id}, ${countOf(delivery.attempts.length, "attempt")}`) : null);
}
