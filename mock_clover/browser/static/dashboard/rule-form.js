// A form for a rule of the scenario: it writes the YAML, and templates fill it in.

import { el, field, replaceContent, select, setText } from "./dom.js";
import { entryLines } from "./rule-yaml.js";

const TEMPLATES = [
  ["Decline a card", { name: "Decline this card", card: "number", digits: "4242424242424242", then: "decline" }],
  ["Decline above an amount", { name: "Decline above $100", min: "100.01", then: "decline" }],
  ["Decline first, approve the retry", {
    name: "Decline the first attempt of a card", endpoint: "create_charge", count: "first", n: 1, per: true,
    then: "decline" }],
  ["Approve only a part", { name: "Approve $5 only", endpoint: "create_charge", then: "part", part: "5.00" }],
  ["Lose the n-th response", {
    name: "Lose the third response", endpoint: "create_charge", count: "nth", n: 3, then: "fault", kind: "drop",
    when: "after_commit" }],
  ["Fail every n-th request", { name: "Every tenth request fails", count: "every", n: 10, then: "problem",
    problem: "SERVICE_UNAVAILABLE" }],
  ["Slow captures", { name: "Slow captures", endpoint: "capture_charge", then: "fault", kind: "delay", delay: 5 }],
  ["3-D Secure for a BIN", { name: "Challenge this BIN", card: "prefix", digits: "424242", then: "threeds",
    flow: "challenge" }],
];
const EMPTY = {
  name: "", endpoint: "", card: "", digits: "", min: "", max: "", count: "", n: 1, per: false, then: "decline",
  decline: "insufficient_funds", part: "5.00", problem: "SERVICE_UNAVAILABLE", kind: "drop", when: "before_commit",
  delay: 5, flow: "challenge",
};
const CARDS = [["", "any card"], ["number", "this number"], ["prefix", "starts with (BIN)"], ["last4", "ends with"]];
const COUNTS = [["", "every time"], ["first", "only the first n"], ["nth", "only the n-th"], ["every", "every n-th"],
  ["after", "all after the n-th"]];
const RESULTS = [["decline", "decline"], ["approve", "approve"], ["part", "approve a part"],
  ["problem", "error"], ["fault", "fault"], ["threeds", "3-D Secure flow"]];
const KINDS = ["drop", "hang", "delay", "truncate", "garbage"];
/** The inputs that each result uses. */
const USED = { decline: ["decline"], part: ["part"], problem: ["problem"], fault: ["kind", "when", "delay"],
  threeds: ["flow"], approve: [] };

/** Return the form as `root`, and `rule()`; `names` are those of the server. */
export function ruleForm(names, onChange) {
  const inputs = makeInputs(names);
  const fields = makeFieldsOf(inputs);
  const yaml = el("pre", { class: "text", tabindex: 0, "aria-label": "YAML of the rule" });
  const rule = () => ruleOf(valuesOf(inputs), names);
  const changed = () => {
    showUsed(inputs, fields);
    setText(yaml, entryLines(rule()).join("\n"));
    onChange();
  };
  const template = select(TEMPLATES.map(([title]) => title), null);
  const fill = () => {
    const values = { ...EMPTY, ...TEMPLATES.find(([title]) => title === template.value)[1] };
    for (const [name, input] of Object.entries(inputs)) {
      if (input.type === "checkbox") input.checked = values[name];
      else input.value = values[name];
    }
    changed();
  };
  template.addEventListener("change", fill);
  for (const input of Object.values(inputs)) input.addEventListener("input", changed);
  const root = el("div", { class: "stack" }, field("Template", template), fields.name,
    el("fieldset", { class: "fields" }, el("legend", {}, "When"), fields.endpoint, fields.card, fields.digits,
      fields.min, fields.max, fields.count, fields.n, fields.per),
    el("fieldset", { class: "fields" }, el("legend", {}, "Then"), fields.then, fields.decline, fields.part,
      fields.problem, fields.kind, fields.when, fields.delay, fields.flow),
    yaml);
  return { root, rule, start: fill };
}

function makeInputs(names) {
  const number = (given) => el("input", { type: "number", step: "any", min: 0, ...given });
  const text = (given = {}) => el("input", { type: "text", autocomplete: "off", spellcheck: "false", ...given });
  return {
    name: text({ maxlength: 80 }),
    endpoint: select([["", "any operation"], ...names.operations]),
    card: select(CARDS),
    digits: text({ inputmode: "numeric", class: "mono" }),
    min: number({ step: "0.01", placeholder: "any" }),
    max: number({ step: "0.01", placeholder: "any" }),
    count: select(COUNTS),
    n: number({ min: 1, step: 1 }),
    per: el("input", { type: "checkbox", id: "rule-per-card" }),
    then: select(RESULTS),
    decline: select(names.declines.map(({ name, message }) => {
      const words = name.replaceAll("_", " ");
      return [name, words === message.toLowerCase() ? words : `${words} — ${message}`];
    })),
    part: number({ min: 0.01, step: "0.01" }),
    problem: select(names.problems.map(({ name, status }) => [name, `${status} ${name}`])),
    kind: select(KINDS),
    when: select([["before_commit", "before commit"], ["after_commit", "after commit"]]),
    delay: number({ min: 0.001 }),
    flow: select(names.flows.map((each) => [each, each.replaceAll("_", " ")])),
  };
}

function makeFieldsOf(inputs) {
  const labels = {
    name: ["Name", "Shown as the reason of the response."], endpoint: ["Operation"], card: ["Card"], digits: ["Digits"],
    min: ["Amount from"], max: ["Amount to"], count: ["How often"], n: ["n"],
    then: ["Result"], decline: ["Reason"], part: ["Amount"], problem: ["Error"], kind: ["Fault"], when: ["Moment"],
    delay: ["Delay (s)"], flow: ["Flow"],
  };
  const made = Object.fromEntries(Object.entries(labels).map(([name, [label, hint]]) =>
    [name, field(label, inputs[name], hint)]));
  made.per = el("p", { class: "check" }, inputs.per, el("label", { for: inputs.per.id }, "Count each card by itself"));
  return made;
}

function showUsed(inputs, fields) {
  const used = USED[inputs.then.value];
  for (const name of Object.values(USED).flat()) fields[name].hidden = !used.includes(name);
  fields.delay.hidden ||= inputs.kind.value !== "delay";
  fields.digits.hidden = !inputs.card.value;
  fields.n.hidden = fields.per.hidden = !inputs.count.value;
}

const valuesOf = (inputs) => Object.fromEntries(Object.entries(inputs).map(([name, input]) =>
  [name, input.type === "checkbox" ? input.checked : input.value.trim()]));

const minorOf = (text) => Math.round(Number(text) * 100);

/** Return the rule with the members that are set. */
function ruleOf(values, names) {
  const when = {};
  if (values.endpoint) when.endpoint = values.endpoint;
  if (values.card) when.card = { [values.card]: values.digits.replaceAll(" ", "") };
  if (values.min || values.max) {
    when.amount = {
      ...(values.min ? { min: minorOf(values.min) } : {}), ...(values.max ? { max: minorOf(values.max) } : {}) };
  }
  if (values.count) when[values.count] = Number(values.n);
  if (values.count && values.per) when.per = "card";
  return {
    ...(values.name ? { name: values.name } : {}),
    ...(Object.keys(when).length ? { when } : {}),
    then: actionOf(values, names),
  };
}

function actionOf(values, names) {
  const fault = { kind: values.kind, when: values.when };
  if (values.kind === "delay") fault.delay_ms = Math.round(Number(values.delay) * 1000);
  const message = names.declines.find(({ name }) => name === values.decline)?.message;
  return {
    decline: { decline: { decline_code: values.decline, message } },
    approve: { approve: {} },
    part: { approve: { amount: minorOf(values.part) } },
    problem: { problem: values.problem },
    fault: { fault },
    threeds: { threeds: values.flow },
  }[values.then];
}

/** Show the result of the check of the text with the rule in it; `isTextValid`: without the rule it is valid. */
export function showCheck(place, checked, isTextValid, findings) {
  const words = checked.ok ? "● valid in this scenario" : "✕ not valid in this scenario";
  replaceContent(place,
    el("p", { class: `state ${checked.ok ? "good" : "bad"}`, role: "status" },
      isTextValid ? words : "✕ the text has errors: correct them first"),
    isTextValid ? findings : null);
}
