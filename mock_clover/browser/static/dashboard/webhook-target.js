// The form of a webhook target: kind, address, secret, event filter and delivery faults.

import { call } from "./api.js";
import { runAndReport } from "./dialogs.js";
import { button, copyButton, el, field, replaceContent, select, setText } from "./dom.js";

const FAULTS = [
  ["duplicate", "duplicate: sent several times"], ["delay", "delay: sent later"],
  ["reorder", "reorder: sent after the next event"], ["drop", "drop: never sent"],
  ["late_after_refund", "late: sent after the refund of its payment"],
];

export const ADD_TITLE = "Add a target";

/** Return the form as `root`, and `edit(target)`, which fills it in; `title` is its heading. */
export function targetForm({ refresh, title }) {
  const form = makeFields();
  const message = el("div", { class: "message" });
  const faults = el("div", { class: "stack" });
  const add = el("button", { type: "submit", class: "primary" }, "Add");
  const root = el("form", {
    class: "stack",
    on: {
      submit: async (event) => {
        event.preventDefault();
        const made = await runAndReport(message, () => call("PUT", "webhooks", read(form, faults)));
        if (made) replaceContent(message, secretOf(made, form.replaces));
        if (made) clear();
        refresh();
      },
    },
  }, form.fields, form.verified, faults,
  el("div", { class: "actions" },
    button("+ Delivery fault", () => faults.append(faultRow(form.kind)), { class: "small" })),
  el("div", { class: "actions" }, add), message);
  const clear = () => {
    form.replaces = null;
    for (const name of ["url", "id", "secret", "events"]) form[name].value = "";
    replaceContent(faults);
    setText(add, "Add");
    setText(title, ADD_TITLE);
  };
  return {
    root,
    edit: (target) => {
      form.replaces = target;
      form.kind.value = target.kind;
      form.url.value = target.url;
      form.id.value = target.id;
      form.events.value = target.events.join(", ");
      form.secret.value = "";
      replaceContent(faults, target.plan.map((fault) => faultRow(form.kind, fault)));
      form.kindChanged();
      setText(add, "Save");
      setText(title, `Edit ${target.id}`);
      replaceContent(message, el("p", { class: "hint" },
        `Saving replaces ${target.id}; its waiting deliveries are dropped. Its secret is kept if the field is empty.`));
      form.url.focus();
    },
  };
}

function makeFields() {
  const form = {
    replaces: null,
    kind: select([["platform", "platform"], ["hosted_checkout", "hosted checkout"]]),
    url: el("input", { type: "url", required: true, placeholder: "http://localhost:3000/webhook" }),
    id: el("input", { type: "text", autocomplete: "off", placeholder: "target-1" }),
    secret: el("input", { type: "text", autocomplete: "off", placeholder: "generated" }),
    events: el("input", { type: "text", autocomplete: "off", placeholder: "all" }),
    skip: el("input", { type: "checkbox", id: "skip-verification" }),
  };
  const only = field("Only these events", form.events, "Such as P, O:UPDATE.");
  form.verified = el("p", { class: "check" }, form.skip,
    el("label", { for: "skip-verification" }, "Skip the verification code"));
  form.kindChanged = () => {
    only.hidden = form.kind.value !== "platform";
    form.verified.hidden = form.kind.value !== "platform" || form.replaces?.state === "active";
  };
  form.kind.addEventListener("change", form.kindChanged);
  form.fields = el("div", { class: "fields" },
    field("Kind", form.kind), field("URL", form.url, "On loopback or a private network."),
    field("Name", form.id), field("Secret", form.secret, "The value of X-Clover-Auth, or the signing secret."), only);
  return form;
}

function read(form, faults) {
  const target = { kind: form.kind.value, url: form.url.value.trim() };
  for (const name of ["id", "secret"]) if (form[name].value.trim()) target[name] = form[name].value.trim();
  if (target.kind === "platform") {
    target.events = form.events.value.split(/[\s,]+/).filter(Boolean);
    if (form.skip.checked || form.replaces?.state === "active") target.handshake = false;
  }
  const { replaces } = form;
  if (replaces && replaces.id === target.id) {
    target.retry_after_ms = replaces.retry_after_ms;
    if (replaces.app_id && target.kind === "platform") target.app_id = replaces.app_id;
  }
  target.plan = [...faults.children].map((row) => row.readFault());
  return target;
}

/** Return the inputs of one planned fault. */
function faultRow(kind, fault = {}) {
  const action = select(FAULTS, fault.do);
  const event = el("input", { type: "text", autocomplete: "off", placeholder: "any", value: fault.event ?? "" });
  const number = (min, max, value) => el("input", { type: "number", min, max, step: "any", value: value ?? "" });
  const times = number(1, undefined, fault.times ?? (fault.do ? "" : 1));
  const copies = number(2, 10, fault.copies ?? 2);
  const delay = number(0.001, 2_592_000, (fault.delay_ms ?? 60_000) / 1000);
  const parts = {
    event: field("Of event", event), copies: field("Copies", copies), delay: field("Later by (s)", delay),
  };
  const changed = () => {
    parts.copies.hidden = action.value !== "duplicate";
    parts.delay.hidden = action.value !== "delay";
    parts.event.hidden = kind.value !== "platform";
  };
  action.addEventListener("change", changed);
  kind.addEventListener("change", changed);
  changed();
  const row = el("fieldset", { class: "fields" }, el("legend", {}, "Delivery fault"), field("Fault", action),
    parts.event, field("Times", times, "Empty: every time."), parts.copies, parts.delay,
    el("div", { class: "actions" }, button("Remove", () => row.remove(), { class: "small danger" })));
  row.readFault = () => ({
    do: action.value,
    ...(kind.value === "platform" && event.value.trim() ? { event: event.value.trim() } : {}),
    ...(times.value ? { times: times.valueAsNumber } : {}),
    ...(action.value === "duplicate" ? { copies: copies.valueAsNumber } : {}),
    ...(action.value === "delay" ? { delay_ms: Math.round(delay.valueAsNumber * 1000) } : {}),
  });
  return row;
}

function secretOf(made, replaced) {
  return [
    el("div", { class: "message-success", role: "status" },
      el("p", {}, `${replaced ? "Saved" : "Added"} ${made.id}.`, made.secret ? " The secret is shown only once:" : ""),
      made.secret ? el("p", {}, el("code", {}, made.secret), " ", copyButton("Copy", () => made.secret)) : null),
    made.note ? el("p", { class: "message-warning" }, made.note) : null,
  ];
}
