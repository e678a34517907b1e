// The script of the issuer's pages: it tells the SDK around it how the authentication stands.
//
// - It speaks to its parent only, when that has greeted it, and to that parent's origin only. What
//   it says is no secret: a transaction and a status.
// - A parent may have the payment refused, as a cardholder may who closes the bank's window; by no
//   message can it have one approved.
// - The page's state is the server's. When an answer comes by another way, the page loads anew.

"use strict";

const POLL_MS = 250;

const sheet = document.getElementById("threeds").dataset;
const answer = document.getElementById("answer");

function tell({ source, origin }, status) {
  source.postMessage({ transaction: sheet.transaction, status }, origin);
}

function refuse() {
  answer.requestSubmit(answer.querySelector("[value=fail]"));
}

function hear(event) {
  if (event.source !== window.parent || window.parent === window) return;
  const said = event.data?.clover3DS;
  if (said === "hello") {
    tell(event, sheet.status);
  } else if (said === "cancel") {
    // The page that follows says that it failed; one that asks nothing has nothing to refuse.
    if (answer) refuse();
    else tell(event, sheet.status || "FAILED");
  }
}

// Escape closes a dialog, and a frame keeps its keys to itself.
function press(event) {
  if (event.key === "Escape" && answer && window.parent !== window) refuse();
}

// The form works by itself; so it would leave an entry in the history of the shop's page, whose
// visitor then goes back into a frame that is gone.
async function send(event) {
  event.preventDefault();
  const body = new URLSearchParams({ result: event.submitter.value });
  await fetch(answer.action, { method: "POST", body, redirect: "manual" });
  location.replace(location.pathname);
}

async function watch() {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    try {
      const reply = await fetch(`${sheet.transaction}/status`, { cache: "no-store" });
      const { state } = await reply.json();
      if (state !== sheet.state) break;
    } catch {
      // The server is away; it may come back.
    }
  }
  location.replace(location.pathname);
}

window.addEventListener("message", hear);
document.addEventListener("keydown", press);
document.getElementById("onward")?.submit();
if (answer) {
  answer.addEventListener("submit", send);
  watch();
}
for (const wrong of document.querySelectorAll("#wrong li")) {
  console.error(`Clover3DS, mock-clover: ${wrong.textContent}`);
}
