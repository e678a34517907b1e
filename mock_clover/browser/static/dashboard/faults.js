// Faults and the clock: what goes wrong on the wire, and what time the sandbox believes it is.

import { call, env, get } from "./api.js";
import { clockPart } from "./clock.js";
import { attempt } from "./dialogs.js";
import { button, el, field, refill, say, select } from "./dom.js";
import { dateOf, spanOf } from "./format.js";
import { keepTrue, part, table, wrong } from "./views.js";

const NAMES = {
  when: "When", endpoint: "Operation", times: "How often", odds: "Chance", ttl_ms: "For, in ms",
  delay_ms: "Delay, in ms", jitter_ms: "And up to so much more, in ms", problem: "Refusal",
};
const HINTS = { times: "Empty: every time.", ttl_ms: "Empty: until it is removed.", odds: "From 0 to 1." };

/** Show both; the form is made of the server's own words. */
export async function open(root) {
  const inForce = el("div", { class: "stack" });
  const said = el("div", { class: "said" });
  const maker = el("div", { class: "stack" });
  refill(root, el("div", { class: "columns even" },
    el("div", { class: "stack" }, part("In force", inForce, said), part("Put a fault in force", maker)),
    clockPart()));
  const look = keepTrue(inForce, () => get("faults"), ({ data }) => shown(data, said, () => look()));
  try {
    refill(maker, form(await env(), () => look()));
  } catch (error) {
    refill(maker, wrong(error));
  }
}

function shown(data, said, look) {
  const remove = (path) => async () => {
    await attempt(said, () => call("DELETE", path));
    look();
  };
  const lines = data.map(({ id, fault, left, until_ms: until }) => [
    el("strong", {}, fault.problem ? `${fault.kind} ${fault.problem}` : fault.kind),
    `${fault.endpoint ?? "every operation"}, ${(fault.when ?? "before_commit").replace("_", " ")}`,
    details(fault, left, until),
    button("Remove", remove(`faults/${encodeURIComponent(id)}`), {
      class: "small danger", "data-key": id, "aria-label": `Remove ${fault.kind} ${id}` }),
  ]);
  return [
    table("Faults in force", ["Fault", "Where", "How", ""], lines, { empty: "No fault is in force." }),
    data.length > 1 ? button("Remove all", remove("faults"), { class: "danger", "data-key": "all" }) : null,
  ];
}

function details(fault, left, until) {
  const told = [
    fault.delay_ms ? `by ${spanOf(fault.delay_ms)}` : "",
    fault.jitter_ms ? `up to ${spanOf(fault.jitter_ms)} more` : "",
    (fault.odds ?? 1) < 1 ? `chance ${fault.odds}` : "",
    left === null || left === undefined ? "" : `${left} left`,
    until ? `until ${dateOf(until)}` : "",
  ];
  return told.filter(Boolean).join(", ") || "every time";
}

function form(words, look) {
  const kinds = Object.fromEntries(words.faults.map((each) => [each.kind, each.members]));
  const members = Object.fromEntries(words.fault_members.map((each) => [each.name, each]));
  const kind = select(Object.keys(kinds));
  const place = el("div", { class: "fields" });
  const said = el("div", { class: "said" });
  let controls = {};
  const fill = () => {
    const before = Object.fromEntries(Object.entries(controls).map(([name, each]) => [name, each.value]));
    controls = Object.fromEntries(kinds[kind.value].map((name) => [name, control(name, members[name], words)]));
    for (const [name, value] of Object.entries(before)) if (controls[name]) controls[name].value = value;
    refill(place, Object.entries(controls).map(([name, made]) =>
      field(NAMES[name] ?? name, made, HINTS[name] ?? members[name]?.about ?? "")));
    say(meaning, clause(members.kind?.about ?? "", kind.value));
  };
  const meaning = el("p", { class: "hint" });
  kind.addEventListener("change", fill);
  fill();
  return el("form", {
    class: "sheet padded stack",
    on: {
      submit: async (event) => {
        event.preventDefault();
        const asked = { kind: kind.value };
        for (const [name, made] of Object.entries(controls)) {
          if (made.value !== "") asked[name] = made.type === "number" ? Number(made.value) : made.value;
        }
        await attempt(said, () => call("POST", "faults", asked), "It is in force.");
        look();
      },
    },
  }, field("What goes wrong", kind), meaning, place,
  el("div", { class: "actions" }, el("button", { type: "submit", class: "primary" }, "Put in force")), said);
}

/** What is said of one word: "delay: the answer comes late. drop: …". */
const clause = (about, word) => about.match(new RegExp(`\\b${word}: ([^.]+\\.)`))?.[1] ?? about;

/** Make the control of a member: of the words that there are, else a number within its bounds. */
function control(name, member, words) {
  if (name === "when") return select(words.fault_times.map((each) => [each, each.replace("_", " ")]));
  if (name === "endpoint") {
    const named = words.operations.filter((each) => !words.uncalled.includes(each));
    return select([["", "every operation"], ...named]);
  }
  if (name === "problem") {
    return select(words.problems.map((each) => [each.name, `${each.name} — ${each.status} ${each.message}`]));
  }
  const schema = member?.schema?.anyOf?.find((each) => each.type !== "null") ?? member?.schema ?? {};
  return el("input", {
    type: "number", min: schema.minimum ?? 0, max: schema.maximum,
    step: schema.type === "number" ? "any" : 1, value: name === "delay_ms" ? "1000" : "",
  });
}
