// The script of the issuer's pages: it reports the status of the authentication to the SDK.
//
// - It replies only to its parent, and only to that parent's origin, after a message from it. Its
//   messages contain no secrets: a transaction and a status.
// - The parent page can reject the payment by message, like a cardholder who closes the window, but
//   it cannot approve one.
// - The server has the state. The page reloads when the state has changed elsewhere.

"use strict";

const POLL_MS = 250;

const data = document.getElementById("threeds").dataset;
const answer = document.getElementById("answer");
let isSending = false;

function report({ source, origin }, status) {
  source.postMessage({ transaction: data.transaction, status }, origin);
}

function reject() {
  answer.requestSubmit(answer.querySelector("[value=fail]"));
}

function onMessage(event) {
  if (event.source !== window.parent || window.parent === window) return;
  const command = event.data?.clover3DS;
  if (command === "hello") {
    report(event, data.status);
  } else if (command === "cancel") {
    // After a rejection the next page reports FAILED; a page without a form cannot reject.
    if (answer) reject();
    else report(event, data.status || "FAILED");
  }
}

// Escape rejects: the dialog around the iframe does not get its key events.
function onKey(event) {
  if (event.key === "Escape" && answer && window.parent !== window) reject();
}

// Submit with fetch: a normal form submission would add a history entry, and Back would lead to a
// removed iframe.
async function send(event) {
  event.preventDefault();
  const body = new URLSearchParams({ result: event.submitter.value });
  isSending = true;
  try {
    await fetch(answer.action, { method: "POST", body, redirect: "manual" });
  } catch {
    isSending = false;
    console.error("Clover3DS, mock-clover: the server did not get the answer; try again");
    return;
  }
  location.replace(location.pathname);
}

async function watch() {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    try {
      const reply = await fetch(`${data.transaction}/status`, { cache: "no-store" });
      const { state } = await reply.json();
      if (state !== data.state && !isSending) break; // leaving the page would abort the answer
    } catch {
      // The server is not available; try again.
    }
  }
  location.replace(location.pathname);
}

window.addEventListener("message", onMessage);
document.addEventListener("keydown", onKey);
document.getElementById("onward")?.submit();
if (answer) {
  answer.addEventListener("submit", send);
  watch();
}
for (const wrong of document.querySelectorAll("#wrong li")) {
  console.error(`Clover3DS, mock-clover: ${wrong.textContent}`);
}
