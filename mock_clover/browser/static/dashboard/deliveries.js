// Webhook deliveries: request, signature, attempts and responses; each can be sent again, also broken.

import { call, get } from "./api.js";
import { runAndReport } from "./dialogs.js";
import { button, copyButton, debounced, el, field, replaceContent, select } from "./dom.js";
import { dateOf } from "./format.js";
import { jsonTree } from "./json.js";
import { go, to } from "./routes.js";
import { part, pollAndRender, redraw, stateLabel, stateWord } from "./views.js";
import { faultFields, ROWS_OF } from "./webhook-send.js";

const STATES = ["under_way", "waiting", "held", "delivered", "failed", "dropped"];
const SHOWN = 100;
const OF_PAYMENTS = ["charges", "orders", "refunds"];
const SEARCH_MS = 250;
const CAUSES = { sent: "by hand", rule: "of a rule" };
const SIGNED = { wrong: "wrong signature", none: "no signature" };

const openedIds = new Set(); // deliveries that are shown in full; kept when the list is redrawn
const keptFaults = new Map(); // the inputs of "Send again", by delivery

/** Return the section with the filters and the list; it polls. */
export function deliveriesPart(shared, query) {
  const list = el("div", { class: "stack" });
  const state = select([["", "All states"], ...STATES.map((value) => [value, stateLabel(value)])],
    query.get("state") ?? "", { "aria-label": "State" });
  const target = select([["", "All targets"]], "", { "aria-label": "Target" });
  const about = el("input", {
    type: "search", autocomplete: "off", placeholder: "Id of the object", "aria-label": "Id of the object",
    value: query.get("object") ?? "",
  });
  shared.onTargets.push((data) => {
    const { value } = target;
    replaceContent(target, el("option", { value: "" }, "All targets"),
      data.map(({ id }) => el("option", { value: id }, id)));
    target.value = data.some(({ id }) => id === value) ? value : "";
  });
  const follow = () => {
    const asked = new URLSearchParams({ limit: SHOWN });
    if (state.value) asked.set("state", state.value);
    if (target.value) asked.set("target", target.value);
    if (about.value.trim()) asked.set("object_id", about.value.trim());
    return pollAndRender(list, () => get(`deliveries?${asked}`),
      ({ data }) => renderDeliveries(data.reverse(), list, shared), 1500);
  };
  const filtered = () => {
    const shown = new URLSearchParams();
    if (state.value) shown.set("state", state.value);
    if (about.value.trim()) shown.set("object", about.value.trim());
    go(to("webhooks") + (shown.size ? `?${shown}` : ""), true);
    follow();
  };
  about.addEventListener("input", debounced(about, SEARCH_MS, filtered));
  state.addEventListener("change", filtered);
  target.addEventListener("change", filtered);
  follow();
  return part("Deliveries, newest first", el("div", { class: "actions" }, state, target, about), list);
}

function renderDeliveries(data, root, shared) {
  if (!data.length) return el("p", { class: "hint" }, "No deliveries.");
  const redrawList = () => redraw(root, () => renderDeliveries(data, root, shared));
  return el("ol", { class: "deliveries" }, data.map((delivery) => deliveryItem(delivery, redrawList, shared)));
}

function deliveryItem(delivery, redrawList, shared) {
  const message = el("div", { class: "message" });
  const isOpen = openedIds.has(delivery.id);
  const words = isOpen ? "Hide" : "Details";
  const toggle = button(words, () => {
    if (isOpen) openedIds.delete(delivery.id);
    else openedIds.add(delivery.id);
    redrawList();
  }, {
    class: "small", "data-key": `show ${delivery.id}`, "aria-expanded": String(isOpen),
    "aria-label": `${words} ${delivery.id}`,
  });
  const resend = button("Send again", () => send(message, delivery, {}), {
    class: "small", "data-key": `resend ${delivery.id}`, "aria-label": `Send again ${delivery.id}` });
  return el("li", { class: "card padded stack" },
    el("div", { class: "top-line" }, el("div", { class: "delivery" }, stateWord(delivery.state),
      el("strong", {}, delivery.event, " ", CAUSES[delivery.about] ?? delivery.about),
      objectLink(delivery),
      el("span", { class: "soft" }, `to ${delivery.target}`), el("time", { class: "soft" }, dateOf(delivery.made_ms)),
      delivery.resend_of ? el("span", { class: "tag" }, `resend of ${delivery.resend_of}`) : null,
      SIGNED[delivery.signature] ? el("span", { class: "tag" }, SIGNED[delivery.signature]) : null,
      lastAttempt(delivery),
      delivery.due_ms
        ? el("span", { class: "hint" }, `next attempt at ${dateOf(delivery.due_ms)}, sandbox clock`)
        : null),
    el("div", { class: "actions" }, toggle, resend)),
    delivery.held_for ? el("p", { class: "hint" }, `Waiting for ${heldWords(delivery)}.`) : null,
    message, isOpen ? whole(delivery, message, shared) : null);
}

const heldWords = ({ held_for: held }) => (held === "next" ? "the next event" : `the refund of ${held}`);

/** Link the object of an event, if the sandbox may have a row of it. */
function objectLink({ event, about, object_id: id }) {
  if (!id) return null;
  const kind = event ? ROWS_OF[event.split(":")[0]] : about === "verification" ? null : "charges";
  if (!kind) return el("span", { class: "mono" }, id);
  return [el("a", { class: "mono", href: to("data", kind, id) }, id),
    OF_PAYMENTS.includes(kind) ? el("a", { href: to("payment", id) }, "payment") : null];
}

async function send(message, delivery, body) {
  const path = `deliveries/${encodeURIComponent(delivery.id)}/resend`;
  const made = await runAndReport(message, () => call("POST", path, body));
  if (made) replaceContent(message, el("p", { class: "message-success", role: "status" },
    `Created ${made.id}${body.copies > 1 ? ` and ${body.copies - 1} more` : ""}.`));
}

const statusOf = ({ status }) => (status ? `${status < 300 ? "●" : "✕"} ${status}` : "✕ no response");

const outcomeOf = (attempt) => el("strong", { class: `state ${attempt.error ? "bad" : "good"}` }, statusOf(attempt));

function lastAttempt({ attempts }) {
  if (!attempts.length) return el("span", { class: "hint" }, "no attempts yet");
  const last = attempts.at(-1);
  return el("span", { class: "attempt" }, attempts.length > 1 ? `attempt ${last.number}: ` : "", outcomeOf(last),
    // Zero values are omitted from the response.
    ` in ${last.took_ms ?? 0} ms`, last.error && !last.status ? `: ${last.error}` : "");
}

/** Show the request and every attempt, and offer to send it again with a fault. */
function whole(delivery, message, shared) {
  const url = shared.targets.find(({ id }) => id === delivery.target)?.url;
  return el("div", { class: "stack" },
    el("h4", {}, "Request"),
    el("p", { class: "mono" }, url ? `POST ${url}` : `POST, to ${delivery.target}, which was deleted`),
    el("div", { class: "actions" }, copyButton("Copy body", () => JSON.stringify(delivery.body))),
    jsonTree(delivery.body, `Body of ${delivery.id}`, 9),
    el("h4", {}, "Attempts"),
    delivery.attempts.length ? el("ol", { class: "attempts stack" }, delivery.attempts.map(attemptItem))
      : el("p", { class: "hint" }, "None yet."),
    brokenForm(delivery, message),
    el("p", { class: "hint" }, delivery.id));
}

function attemptItem(attempt) {
  const facts = [
    ["Signature", attempt.signature || "none", "mono"],
    ["Error", attempt.error],
    ["Response body", attempt.response || (attempt.status ? "empty" : "")],
  ].filter(([, value]) => value);
  return el("li", { class: "stack" },
    el("p", {}, `${attempt.number}. ${dateOf(attempt.sent_ms)}: `, outcomeOf(attempt),
      ` in ${attempt.took_ms ?? 0} ms`),
    el("dl", { class: "facts" }, facts.map(([name, value, style]) => [
      el("dt", {}, name), el("dd", {}, name === "Response body" && attempt.response
        ? el("pre", { class: "text", tabindex: 0 }, value) : el("span", { class: style }, value))])));
}

function brokenForm(delivery, message) {
  if (!keptFaults.has(delivery.id)) keptFaults.set(delivery.id, {});
  const kept = keptFaults.get(delivery.id);
  const faults = faultFields(kept, delivery.id);
  const order = select([["now", "now"], ["next", "after the next event"]], kept.order ?? "now",
    { "data-key": `order ${delivery.id}` });
  order.addEventListener("change", () => (kept.order = order.value));
  const about = el("details", { class: "broken" }, el("summary", { "data-key": `broken ${delivery.id}` },
    "Send again with a fault"), el("form", {
    class: "stack",
    on: {
      submit: (event) => {
        event.preventDefault();
        send(message, delivery, { ...faults.read(), after_next: order.value === "next" });
      },
    },
  }, el("div", { class: "fields" }, faults.fields, field("Order", order)),
  el("div", { class: "actions" }, el("button", { type: "submit", class: "small primary" }, "Send"))));
  about.open = kept.open ?? false;
  about.addEventListener("toggle", () => (kept.open = about.open));
  return about;
}
