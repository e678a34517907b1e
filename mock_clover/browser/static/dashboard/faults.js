// Active faults, a form to add one, and the sandbox's clock.

import { call, env, get } from "./api.js";
import { clockPart } from "./clock.js";
import { runAndReport } from "./dialogs.js";
import { button, el, field, replaceContent, select, setText } from "./dom.js";
import { dateOf, durationOf } from "./format.js";
import { entryLines } from "./rule-yaml.js";
import { errorMessage, part, pollAndRender, table } from "./views.js";

const NAMES = {
  when: "When", endpoint: "Operation", times: "Count", nth: "Only the n-th request", odds: "Probability",
  ttl_ms: "Duration (ms)",
  delay_ms: "Delay (ms)", jitter_ms: "Jitter (ms)", problem: "Error",
};
const TEMPLATES = {
  "Lose the next response": { kind: "drop", when: "after_commit", endpoint: "create_charge", times: 1 },
  "Slow captures": { kind: "delay", endpoint: "capture_charge", delay_ms: 5000 },
  "One of five requests fails": { kind: "problem", problem: "SERVICE_UNAVAILABLE", odds: 0.2 },
  "Rate limit for a minute": { kind: "problem", problem: "RATE_LIMITED", ttl_ms: 60_000 },
};
const HINTS = {
  when: "Before: the request is not processed; a delayed one is processed after the wait. After: it is processed, " +
    "and only its response fails.", endpoint: "",
  times: "Leave empty to apply every time.", ttl_ms: "Leave empty to keep until removed.", odds: "0 to 1.",
};

/** Show both; the server describes the fields of the form. */
export async function open(root) {
  const active = el("div", { class: "stack" });
  const message = el("div", { class: "message" });
  const formPlace = el("div", { class: "stack" });
  replaceContent(root, el("div", { class: "columns even" },
    el("div", { class: "stack" }, part("Active faults", active, message), part("Add a fault", formPlace)),
    clockPart()));
  const refresh = pollAndRender(active, () => get("faults"),
    ({ data }) => renderFaults(data, message, () => refresh()));
  try {
    replaceContent(formPlace, form(await env(), () => refresh()));
  } catch (error) {
    replaceContent(formPlace, errorMessage(error));
  }
}

function renderFaults(data, message, refresh) {
  const remove = (path) => async () => {
    await runAndReport(message, () => call("DELETE", path));
    refresh();
  };
  const lines = data.map(({ id, fault, left, until_ms: until }) => [
    el("strong", {}, fault.problem ? `${fault.kind} ${fault.problem}` : fault.kind),
    `${fault.endpoint ?? "all operations"}, ${(fault.when ?? "before_commit").replace("_", " ")}`,
    details(fault, left, until),
    button("Delete", remove(`faults/${encodeURIComponent(id)}`), {
      class: "small danger", "data-key": id, "aria-label": `Delete ${fault.kind} ${id}` }),
  ]);
  return [
    table("Faults", ["Fault", "Applies to", "Details", ""], lines, { empty: "No active faults." }),
    data.length > 1 ? button("Delete all", remove("faults"), { class: "danger", "data-key": "all" }) : null,
  ];
}

function details(fault, left, until) {
  const parts = [
    fault.delay_ms ? `by ${durationOf(fault.delay_ms)}` : "",
    fault.jitter_ms ? `up to ${durationOf(fault.jitter_ms)} more` : "",
    (fault.odds ?? 1) < 1 ? `probability ${fault.odds}` : "",
    left === null || left === undefined ? "" : `${left} left`,
    until ? `until ${dateOf(until)}` : "",
  ];
  return parts.filter(Boolean).join(", ") || "every time";
}

function form(names, refresh) {
  const kinds = Object.fromEntries(names.faults.map((each) => [each.kind, each.members]));
  const fields = Object.fromEntries(names.fault_members.map((each) => [each.name, each]));
  const kind = select(Object.keys(kinds));
  const inputs = el("div", { class: "fields" });
  const message = el("div", { class: "message" });
  let controls = {};
  const fill = () => {
    const before = Object.entries(controls).map(([name, input]) => [name, input.value]);
    controls = Object.fromEntries(kinds[kind.value].map((name) =>
      [name, inputFor(name, fields[name], names, kind.value)]));
    for (const [name, value] of before) {
      if (controls[name] && name !== "delay_ms") controls[name].value = value; // its default depends on the kind
    }
    replaceContent(inputs, Object.entries(controls).map(([name, input]) =>
      field(NAMES[name] ?? name, input, HINTS[name] ?? fields[name]?.about ?? "")));
    setText(meaning, sentence(kindDescription(fields.kind?.about ?? "", kind.value)));
    showYaml();
  };
  const yaml = el("pre", { class: "text", tabindex: 0, "aria-label": "YAML of the fault" });
  const read = () => {
    const fault = { kind: kind.value };
    for (const [name, input] of Object.entries(controls)) {
      if (input.value !== "") fault[name] = input.type === "number" ? Number(input.value) : input.value;
    }
    return fault;
  };
  const showYaml = () => setText(yaml, `faults:\n${entryLines(read()).map((line) => `  ${line}`).join("\n")}`);
  inputs.addEventListener("input", showYaml);
  const template = select([["", "none"], ...Object.keys(TEMPLATES)]);
  template.addEventListener("change", () => {
    const fault = TEMPLATES[template.value];
    if (!fault) return;
    kind.value = fault.kind;
    controls = {};
    fill();
    for (const [name, input] of Object.entries(controls)) {
      if (name in fault || input.type === "number") input.value = fault[name] ?? "";
    }
    showYaml();
  });
  const meaning = el("p", { class: "hint" });
  kind.addEventListener("change", fill);
  fill();
  return el("form", {
    class: "card padded stack",
    on: {
      submit: async (event) => {
        event.preventDefault();
        await runAndReport(message, () => call("POST", "faults", read()));
        refresh();
      },
    },
  }, field("Template", template), field("Fault type", kind), meaning, inputs,
  el("details", {}, el("summary", {}, "As YAML of a scenario"), yaml),
  el("div", { class: "actions" }, el("button", { type: "submit", class: "primary" }, "Add fault")), message);
}

/** Return the part of a description about one kind: "delay: the response is late. drop: …". */
const kindDescription = (about, word) => about.match(new RegExp(`\\b${word}: ([^.]+\\.)`))?.[1] ?? about;

const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** Return a message without its status, which is shown already, and without placeholders. */
const plainMessage = ({ status, message }) =>
  message.replace(new RegExp(`^${status} `), "").replace(/\{\w+\}/g, "…");

/** Create the input of a field: a select of its values, or a number within its bounds. */
function inputFor(name, definition, names, kind) {
  if (name === "when") return select(names.fault_times.map((each) => [each, each.replace("_", " ")]));
  if (name === "endpoint") {
    const named = names.operations.filter((each) => !names.uncalled.includes(each));
    return select([["", "All operations"], ...named]);
  }
  if (name === "problem") {
    return select(names.problems.map((each) => [each.name, `${each.name} — ${each.status} ${plainMessage(each)}`]));
  }
  const schema = definition?.schema?.anyOf?.find((each) => each.type !== "null") ?? definition?.schema ?? {};
  return el("input", {
    type: "number", min: schema.minimum ?? 0, max: schema.maximum,
    step: schema.type === "number" ? "any" : 1,
    value: name === "delay_ms" && kind !== "problem" ? "1000" : "", // an error is not late unless it is asked for
  });
}
