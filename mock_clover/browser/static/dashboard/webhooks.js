// Webhooks: the targets, forms for another target and for an event by hand, and the deliveries.

import { call, get } from "./api.js";
import { deliveriesPart } from "./deliveries.js";
import { runAndReport } from "./dialogs.js";
import { button, el, replaceContent } from "./dom.js";
import { countOf, durationOf } from "./format.js";
import { sendForm } from "./webhook-send.js";
import { ADD_TITLE, targetForm } from "./webhook-target.js";
import { part, pollAndRender, stateWord, table } from "./views.js";

const typedCodes = new Map(); // by target; kept when the list is redrawn

/** Show everything; `?object=` selects the deliveries about one object. */
export function open(root, _parts, query) {
  const targets = el("div", { class: "stack" });
  const message = el("div", { class: "message" });
  const shared = { targets: [], refresh: () => refresh(), onTargets: [] };
  const title = el("summary", {}, ADD_TITLE);
  const adding = el("details", { class: "card fold" }, title);
  const form = targetForm({ ...shared, title });
  adding.append(form.root);
  const edit = (target) => {
    adding.open = true;
    form.edit(target);
  };
  const sending = el("details", { class: "card fold" }, el("summary", {}, "Send an event by hand"), sendForm(shared));
  replaceContent(root,
    part("Targets", targets, message),
    el("div", { class: "columns even" }, adding, sending),
    deliveriesPart(shared, query));
  const refresh = pollAndRender(targets, () => get("webhooks"), ({ data }) => {
    if (!data.length && !shared.targets.length) adding.open = true;
    shared.targets = data;
    for (const tell of shared.onTargets) tell(data);
    return renderTargets(data, message, edit, () => refresh());
  });
}

function renderTargets(data, message, edit, refresh) {
  const remove = (id) => async () => {
    await runAndReport(message, () => call("DELETE", `webhooks/${encodeURIComponent(id)}`));
    refresh();
  };
  return table("Targets", ["Target", "Events", "Delivery faults", "State", "Actions"], data.map((target) => [
    [el("strong", {}, target.id), el("div", { class: "mono soft" }, target.url),
      target.note ? el("div", { class: "message-warning" }, target.note) : null],
    [el("div", {}, target.kind.replace("_", " ")),
      el("div", { class: "soft" }, target.events.length ? target.events.join(", ") : "all events")],
    target.plan.length ? el("ul", { class: "plain" }, target.plan.map((fault, place) =>
      el("li", {}, faultWords(fault, target.left[place])))) : el("span", { class: "soft" }, "none"),
    [stateWord(target.state), unsent(target.withheld),
      target.state === "awaiting_code" ? verification(target, message, refresh) : null],
    el("div", { class: "actions" },
      button("Edit", () => edit(target), {
        class: "small", "data-key": `edit ${target.id}`, "aria-label": `Edit ${target.id}` }),
      button("Delete", remove(target.id), {
        class: "small danger", "data-key": target.id, "aria-label": `Delete ${target.id}` })),
  ]), { empty: "No targets: events are not sent." });
}

/** Return the words for a planned fault, as "duplicate P:CREATE, 2 copies, 1 left". */
function faultWords(fault, left) {
  return [
    `${fault.do.replaceAll("_", " ")}${fault.event ? ` ${fault.event}` : ""}`,
    fault.do === "duplicate" ? `${fault.copies ?? 2} copies` : "",
    fault.delay_ms ? `by ${durationOf(fault.delay_ms)}` : "",
    left === null || left === undefined ? "every time" : `${left} left`,
  ].filter(Boolean).join(", ");
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
