// A form that sends a webhook event by hand, also late, in copies or badly signed.

import { call, get } from "./api.js";
import { runAndReport } from "./dialogs.js";
import { el, field, replaceContent, select } from "./dom.js";
import { countOf, moneyOf } from "./format.js";

const OBJECTS = [
  ["P", "P: payment"], ["O", "O: order"], ["C", "C: customer"], ["I", "I: item"], ["M", "M: merchant"],
  ["E", "E: employee"], ["IC", "IC: category"], ["IG", "IG: modifier group"], ["IM", "IM: modifier"],
  ["CA", "CA: cash adjustment"], ["SH", "SH: service hours"], ["A", "A: app"],
];
/** The kinds of rows with the ids of an object. */
export const ROWS_OF = { P: "charges", O: "orders", C: "customers" };
const SIGNATURES = [["right", "valid"], ["wrong", "wrong"], ["none", "missing"]];
const OFFERED = 30;

/** Return inputs for the faults of a delivery, and `read()`; `kept` has their values. */
export function faultFields(kept, key = "") {
  const control = (name, made) => {
    if (kept[name] !== undefined) made.value = kept[name];
    made.addEventListener("input", () => (kept[name] = made.value));
    if (key) made.dataset.key = `${name} ${key}`;
    return made;
  };
  const copies = control("copies", el("input", { type: "number", min: 1, max: 10, value: 1 }));
  const delay = control("delay", el("input", { type: "number", min: 0, step: "any", value: 0 }));
  const signature = control("signature", select(SIGNATURES));
  return {
    fields: [field("Copies", copies), field("Late by (s)", delay, "By the sandbox’s clock."),
      field("Signature", signature)],
    read: () => ({
      copies: copies.valueAsNumber || 1, delay_ms: Math.round((delay.valueAsNumber || 0) * 1000),
      signature: signature.value,
    }),
  };
}

/** Return the form. */
export function sendForm(shared) {
  const form = makeFields();
  const message = el("div", { class: "message" });
  const faults = faultFields({});
  const fillTargets = () => {
    const named = shared.targets.filter(({ kind }) => kind === form.kind.value).map(({ id }) => id);
    const { value } = form.target;
    replaceContent(form.target, el("option", { value: "" }, "all that receive it"),
      named.map((id) => el("option", { value: id }, id)));
    form.target.value = named.includes(value) ? value : "";
  };
  shared.onTargets.push(fillTargets);
  form.kind.addEventListener("change", fillTargets);
  fillTargets();
  return el("form", {
    class: "stack",
    on: {
      submit: async (event) => {
        event.preventDefault();
        const sent = await runAndReport(message, () => call("POST", "webhooks/send", read(form, faults.read())));
        if (sent) replaceContent(message, el("p", { class: "message-success", role: "status" },
          `${countOf(sent.data.length, "delivery").replace("deliverys", "deliveries")} created.`));
      },
    },
  }, form.fields, el("details", {}, el("summary", {}, "Own body"), field("Body", form.payload,
    "JSON; replaces the fields above.")),
  el("fieldset", { class: "fields" }, el("legend", {}, "Delivery fault"), faults.fields),
  el("div", { class: "actions" }, el("button", { type: "submit", class: "primary" }, "Send")), message);
}

function makeFields() {
  const ids = el("datalist", { id: "webhook-objects" });
  const form = {
    kind: select([["platform", "platform"], ["hosted_checkout", "hosted checkout"]]),
    target: el("select"),
    object: select(OBJECTS),
    type: select(["CREATE", "UPDATE", "DELETE"]),
    id: el("input", { type: "text", autocomplete: "off", list: ids.id, class: "mono" }),
    status: select(["APPROVED", "DECLINED"]),
    amount: el("input", { type: "number", min: 0, step: "0.01", value: "18.00" }),
    session: el("input", { type: "text", autocomplete: "off", class: "mono" }),
    payload: el("textarea", { rows: 4, spellcheck: "false", class: "mono" }),
  };
  const platform = [field("Object", form.object), field("Type", form.type)];
  const checkout = [field("Status", form.status),
    field("Amount", form.amount, "In dollars; the event has cents, and no currency."),
    field("Checkout session", form.session)];
  const offer = async () => {
    const kind = form.kind.value === "platform" ? ROWS_OF[form.object.value] : "charges";
    const rows = kind ? await get(`rows/${kind}?limit=${OFFERED}`).catch(() => null) : null;
    replaceContent(ids, (rows?.data ?? []).map((row) => el("option", { value: row.id },
      [row.title, row.amount === undefined ? "" : moneyOf(row.amount, row.currency)].filter(Boolean).join(", "))));
  };
  const changed = () => {
    for (const each of platform) each.hidden = form.kind.value !== "platform";
    for (const each of checkout) each.hidden = form.kind.value === "platform";
  };
  form.kind.addEventListener("change", changed);
  form.id.addEventListener("focus", offer);
  changed();
  form.fields = el("div", { class: "fields" }, field("Kind", form.kind), field("Target", form.target), platform,
    field("Id", form.id, "Pick a row of this sandbox, or type any id."), checkout, ids);
  return form;
}

function read(form, faults) {
  const event = { kind: form.kind.value, ...faults };
  if (form.target.value) event.target = form.target.value;
  const text = form.payload.value.trim();
  if (text) {
    try {
      return { ...event, payload: JSON.parse(text) };
    } catch (error) {
      throw new Error(`Body: ${error.message}`);
    }
  }
  if (form.id.value.trim()) event.id = form.id.value.trim();
  if (event.kind === "platform") return { ...event, object: form.object.value, type: form.type.value };
  if (form.session.value.trim()) event.session = form.session.value.trim();
  return { ...event, status: form.status.value, amount: Math.round((form.amount.valueAsNumber || 0) * 100) };
}
