// In the cardholder's place: charges that wait for 3-D Secure, and hosted checkouts that are open.

import { call, get } from "./api.js";
import { attempt } from "./dialogs.js";
import { button, el, refill } from "./dom.js";
import { dateOf, moneyOf } from "./format.js";
import { to } from "./routes.js";
import { keepTrue, numberCell, part, stateWord, table } from "./views.js";

const RESULTS = [
  ["approve", "Approve", "primary"], ["fail", "Fail", "danger"], ["attempt", "Attempted", ""],
  ["unavailable", "Unavailable", ""], ["challenge", "Challenge", ""], ["timeout", "Time out", ""],
];

/** Show both lists. */
export function open(root) {
  const waiting = el("div", { class: "stack" });
  const said = el("div", { class: "said" });
  const checkouts = el("div", { class: "stack" });
  const saidThere = el("div", { class: "said" });
  refill(root,
    part("3-D Secure: who waits for the cardholder", waiting, said),
    part("Hosted checkouts", checkouts, saidThere));
  const look = keepTrue(waiting, () => get("threeds"), ({ data }) => asked(data, said, () => look()), 1500);
  const see = keepTrue(checkouts, () => get("checkouts?limit=100"),
    ({ data }) => sessions(data, saidThere, () => see()));
}

function asked(data, said, look) {
  const answer = (charge, result, words) => async () => {
    await attempt(said, () => call("POST", `threeds/${encodeURIComponent(charge)}`, { result }),
      `${words}: the shop’s next call goes on from there.`);
    look();
  };
  return table("Waiting charges", ["Charge", "Amount", "Step", "Said", "Until", "Answer"], data.map((each) => [
    el("a", { class: "mono", href: to("data", "charges", each.charge) }, each.charge),
    numberCell(moneyOf(each.amount, each.currency)),
    each.step ?? "",
    each.result ?? "none yet",
    dateOf(each.expires_ms),
    el("div", { class: "actions" }, RESULTS.filter(([result]) => result !== "challenge" || each.step === "method")
      .map(([result, words, look_]) => button(words, answer(each.charge, result, words), {
        class: `small ${look_}`, "data-key": `${each.charge} ${result}`, "aria-label": `${words} ${each.charge}` }))),
  ]), { empty: "Nobody waits." });
}

function sessions(data, said, look) {
  const cancel = (id) => async () => {
    await attempt(said, () => call("POST", `checkouts/${encodeURIComponent(id)}/cancel`));
    look();
  };
  return table("Checkouts", ["Session", "State", "What", "Amount", "Until", ""], data.map((each) => [
    el("a", { class: "mono", href: each.href, target: "_blank", rel: "noopener" }, each.id),
    stateWord(each.state),
    each.lines.slice(0, 3).map((line) => line.name).join(", "),
    numberCell(moneyOf(each.amount, "USD")),
    dateOf(each.expires_ms),
    each.state === "open" ? button("Cancel", cancel(each.id), {
      class: "small danger", "data-key": each.id, "aria-label": `Cancel ${each.id}` }) : "",
  ]), { empty: "There is no session." });
}
