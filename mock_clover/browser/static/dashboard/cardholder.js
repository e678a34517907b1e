// Act as the cardholder: charges that wait for 3-D Secure, and hosted checkouts that wait for a payment.

import { call, get } from "./api.js";
import { runAndReport } from "./dialogs.js";
import { button, el, replaceContent } from "./dom.js";
import { dateOf, moneyOf } from "./format.js";
import { to } from "./routes.js";
import { numberCell, part, pollAndRender, stateWord, table } from "./views.js";

const RESULTS = [
  ["approve", "Approve", "primary"], ["fail", "Fail", "danger"], ["attempt", "Attempted", ""],
  ["unavailable", "Unavailable", ""], ["challenge", "Challenge", ""], ["timeout", "Time out", ""],
];

/** Show both lists. */
export function open(root) {
  const waiting = el("div", { class: "stack" });
  const message = el("div", { class: "message" });
  const checkouts = el("div", { class: "stack" });
  const checkoutMessage = el("div", { class: "message" });
  replaceContent(root,
    part("3-D Secure: pending challenges", waiting, message),
    part("Hosted checkouts", checkouts, checkoutMessage));
  const refresh = pollAndRender(waiting, () => get("threeds"),
    ({ data }) => renderCharges(data, message, () => refresh()), 1500);
  const refreshCheckouts = pollAndRender(checkouts, () => get("checkouts?limit=100"),
    ({ data }) => renderCheckouts(data, checkoutMessage, () => refreshCheckouts()));
}

function renderCharges(data, message, refresh) {
  const answer = (charge, result, words) => async () => {
    await runAndReport(message, () => call("POST", `threeds/${encodeURIComponent(charge)}`, { result }),
      `${words}: recorded. The shop’s next request will use it.`);
    refresh();
  };
  return table("Waiting charges", ["Charge", "Amount", "Step", "Result", "Expires", "Action"], data.map((challenge) => [
    el("a", { class: "mono", href: to("data", "charges", challenge.charge) }, challenge.charge),
    numberCell(moneyOf(challenge.amount, challenge.currency)),
    challenge.step ?? "",
    challenge.result ?? "none yet",
    dateOf(challenge.expires_ms),
    el("div", { class: "actions" }, RESULTS.filter(([result]) => result !== "challenge" || challenge.step === "method")
      .map(([result, words, style]) => button(words, answer(challenge.charge, result, words), {
        class: `small ${style}`, "data-key": `${challenge.charge} ${result}`,
        "aria-label": `${words} ${challenge.charge}`,
      }))),
  ]), { empty: "No pending charges." });
}

const CARD = { number: "4242424242424242", cvv: "123", exp_month: "12" };

/** Pay a session with a test card; with `isDeclined` the issuer declines. Return what happened. */
async function pay(session, isDeclined) {
  const year = new Date(session.expires_ms).getFullYear() + 3;
  const armed = isDeclined
    ? await call("POST", "next", { outcome: "card_declined", endpoint: "pay_checkout" }) : null;
  try {
    return await call("POST", `checkouts/${encodeURIComponent(session.id)}/pay`, {
      card: { ...CARD, exp_year: String(year) } });
  } catch (error) {
    if (armed) await call("DELETE", `next/${armed.id}`).catch(() => {}); // it is not for another payment
    throw error;
  }
}

function renderCheckouts(data, message, refresh) {
  const act = (session, isDeclined) => async () => {
    const paid = await runAndReport(message, () => pay(session, isDeclined));
    if (paid) replaceContent(message, el("p", { class: "message-success", role: "status" },
      `${session.id}: ${paid.result}`, paid.charge ? [", charge ", el("a", {
        class: "mono", href: to("data", "charges", paid.charge) }, paid.charge)] : ""));
    refresh();
  };
  const cancel = (id) => async () => {
    await runAndReport(message, () => call("POST", `checkouts/${encodeURIComponent(id)}/cancel`));
    refresh();
  };
  return table("Checkouts", ["Session", "State", "Items", "Amount", "Expires", "Action"], data.map((session) => [
    el("a", { class: "mono", href: session.href, target: "_blank", rel: "noopener" }, session.id),
    stateWord(session.state),
    session.lines.slice(0, 3).map((line) => line.name).join(", "),
    numberCell(moneyOf(session.amount, "USD")),
    dateOf(session.expires_ms),
    session.state === "open" ? el("div", { class: "actions" },
      [["Pay", act(session, false), "primary"], ["Decline", act(session, true), "danger"],
        ["Cancel", cancel(session.id), ""]].map(([words, run, style]) => button(words, run, {
        class: `small ${style}`, "data-key": `${session.id} ${words}`, "aria-label": `${words} ${session.id}` }))) : "",
  ]), { empty: "No sessions." });
}
