// An emulation of Clover's 3-D Secure SDK. The names of classes, methods, fields and the event are
// documented; the dialog, the values of _3DSStatus, and that the event is dispatched on the document
// are inferred.
//
// - It opens pages only on its own server, whatever URL it is given: a shop's server may know this
//   mock by a different name than the browser, for example that of a container.
// - It accepts messages only from its own iframe, and only from its own server's page in it.
// - Iframes are opened by URL. EMVCo posts a form into them, which a shop's policy would have to allow
//   in `form-action`. Styles are set through the CSSOM, which no policy forbids.

(() => {
  "use strict";

  const FINGERPRINT_MS = 10_000; // EMVCo: continue without the method after ten seconds
  const CANCEL_MS = 2_000;
  const STATUSES = ["SUCCESS", "ATTEMPTED", "UNAVAILABLE", "FAILED"];
  const PAGE = /^(?:\/sandbox\/[^/]+)?\/3ds\/(\w+)\/([\w-]+)$/;
  // The Accept header of a browser for pages; scripts cannot read it.
  const ACCEPT = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

  const script = document.currentScript;
  if (!script?.src) throw new Error("clover3DS-sdk.js: load it with <script src>, not as a module");
  const home = new URL(script.src).origin;

  const STYLE = `
    :host { all: initial }
    dialog { box-sizing: border-box; width: min(32rem, 100vw - 2rem); height: min(44rem, 100vh - 2rem);
      height: min(44rem, 100dvh - 2rem); max-width: none; max-height: none; padding: 0; border: 0;
      border-radius: .75rem; overflow: hidden; color-scheme: light dark; color: #1f2528;
      background: #f2f0ea; box-shadow: 0 1rem 4rem #0006; font: 1rem/1.4 system-ui, sans-serif }
    dialog[open] { display: flex; flex-direction: column }
    dialog::backdrop { background: #0c0f11a6 }
    header { display: flex; align-items: center; justify-content: space-between; gap: 1rem;
      padding: .5rem .5rem .5rem 1rem; border-bottom: 1px solid #dcd7cb }
    h2 { margin: 0; font-size: 1rem }
    button { font: inherit; font-weight: 600; min-height: 2.75rem; padding: 0 1rem; color: inherit;
      background: transparent; border: 1px solid #8b8f8c; border-radius: .5rem; cursor: pointer }
    button:hover { border-color: currentColor }
    button:disabled { cursor: default; opacity: .6 }
    :focus-visible { outline: 3px solid #0e5a6a; outline-offset: -3px }
    iframe { flex: 1; width: 100%; min-height: 0; border: 0; color-scheme: light dark }
    @media (prefers-color-scheme: dark) {
      dialog { color: #edebe5; background: #121517 }
      header { border-color: #343a3f }
      button { border-color: #788087 }
      :focus-visible { outline-color: #8ccfdd }
    }
    @media (max-width: 30rem) {
      dialog { width: 100vw; height: 100vh; height: 100dvh; border-radius: 0 }
    }
  `;

  // Return the URL of a page of the mock on this server. Throws if an argument is invalid.
  function pageAt(method, asked, name, step, idName) {
    for (const each of [name, idName]) {
      if (typeof asked?.[each] !== "string" || !asked[each]) {
        throw new TypeError(`Clover3DS.${method}: ${each} is missing`);
      }
    }
    const path = new URL(asked[name], home).pathname;
    const [, found, transaction] = PAGE.exec(path) ?? [];
    if (found !== step) {
      throw new TypeError(`Clover3DS.${method}: ${name} is not a mock-clover ${step} page`);
    }
    if (transaction !== asked[idName]) {
      throw new TypeError(`Clover3DS.${method}: ${idName} does not match ${name}`);
    }
    return home + path;
  }

  // Call `onStatus` when the page in an iframe reports the status of a transaction.
  // Return a function that stops listening.
  function listen(frame, transaction, onStatus) {
    const greet = () => frame.contentWindow.postMessage({ clover3DS: "hello" }, home);
    const hear = ({ origin, source, data }) => {
      if (origin !== home || source !== frame.contentWindow) return;
      if (data?.transaction === transaction && STATUSES.includes(data.status)) onStatus(data.status);
    };
    frame.addEventListener("load", greet);
    window.addEventListener("message", hear);
    return () => {
      frame.removeEventListener("load", greet);
      window.removeEventListener("message", hear);
    };
  }

  // Dispatch the event on the document; it bubbles, so listeners on the window get it too.
  function fire(status) {
    const detail = { _3DSStatus: status, "3DSStatus": status };
    document.dispatchEvent(new CustomEvent("executePatch", { detail, bubbles: true }));
    return detail;
  }

  function fingerprint(address, transaction) {
    const frame = document.createElement("iframe");
    frame.title = "3-D Secure";
    frame.tabIndex = -1;
    frame.style.setProperty("display", "none", "important");
    frame.src = address;
    return new Promise((resolve) => {
      const end = (status) => {
        stop();
        clearTimeout(timer);
        frame.remove();
        resolve(fire(status));
      };
      const stop = listen(frame, transaction, end);
      const timer = setTimeout(end, FINGERPRINT_MS, "UNAVAILABLE");
      document.body.append(frame);
    });
  }

  // Create a focus guard: Tab wraps around inside the dialog.
  function makeFocusGuard(other) {
    const guard = document.createElement("span");
    guard.tabIndex = 0;
    guard.addEventListener("focus", () => other.focus());
    return guard;
  }

  // Create the dialog over the shop's page, in a shadow tree, so that the shop's styles do not apply.
  function makeDialog() {
    const host = document.createElement("div");
    const root = host.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    root.adoptedStyleSheets = [sheet];
    const dialog = document.createElement("dialog");
    const header = document.createElement("header");
    const title = document.createElement("h2");
    title.id = "title";
    title.textContent = "Verify your payment";
    dialog.setAttribute("aria-labelledby", title.id);
    const cancel = document.createElement("button");
    cancel.type = "button";
    cancel.textContent = "Cancel";
    const frame = document.createElement("iframe");
    frame.title = "Your bank";
    header.append(title, cancel);
    dialog.append(makeFocusGuard(frame), header, frame, makeFocusGuard(cancel));
    root.append(dialog);
    return { host, dialog, cancel, frame };
  }

  function challenge(address, transaction) {
    const { host, dialog, cancel, frame } = makeDialog();
    frame.src = address;
    return new Promise((resolve) => {
      let over = false;
      const end = (status) => {
        if (over) return;
        over = true;
        stop();
        clearTimeout(timer);
        dialog.close(); // restores the focus
        host.remove();
        resolve(fire(status));
      };
      let timer;
      const requestRejection = () => frame.contentWindow.postMessage({ clover3DS: "cancel" }, home);
      // Tell the bank first, so that it rejects the payment whatever status the shop sends. A page that
      // is still loading is told after it has loaded.
      const giveUp = () => {
        if (cancel.disabled) return;
        cancel.disabled = true;
        requestRejection();
        timer = setTimeout(end, CANCEL_MS, "FAILED");
      };
      const stop = listen(frame, transaction, end);
      cancel.addEventListener("click", giveUp);
      dialog.addEventListener("keydown", (event) => {
        if (event.key !== "Escape") return;
        event.preventDefault(); // otherwise the browser may close the dialog without a cancel event
        giveUp();
      });
      dialog.addEventListener("cancel", (event) => {
        event.preventDefault();
        giveUp();
      });
      dialog.addEventListener("close", () => end("FAILED"));
      frame.addEventListener("load", () => {
        if (cancel.disabled) requestRejection();
        // A keyboard user may have moved to Cancel while the bank's page was loading.
        else if (host.shadowRoot.activeElement !== cancel) frame.focus();
      });
      document.body.append(host);
      dialog.showModal();
    });
  }

  class Clover3DS {
    constructor({ merchantUuid } = {}) {
      if (!merchantUuid) console.warn("Clover3DS: merchantUuid is missing");
      this.merchantUuid = merchantUuid;
    }

    // What the shop's server sends as threeds.browser_info, in addition to the browser's IP address.
    getBrowserInfo() {
      return {
        browser_accept_header: ACCEPT,
        browser_javascript_enabled: true,
        browser_screen_width: String(screen.width),
        browser_screen_height: String(screen.height),
        browser_tz: String(new Date().getTimezoneOffset()),
        browser_user_agent: navigator.userAgent,
        browser_color_depth: String(screen.colorDepth),
        browser_language: navigator.language,
        browser_java_enabled: navigator.javaEnabled?.() ?? false,
        browser_http_origin: location.origin,
      };
    }

    // Run the issuer's fingerprinting in a hidden iframe. The returned promise is specific to the mock.
    perform3DSFingerPrinting(asked) {
      const name = "perform3DSFingerPrinting";
      pageAt(name, asked, "methodNotificationUrl", "notification", "_3DSServerTransId");
      const address = pageAt(name, asked, "acsMethodUrl", "method", "_3DSServerTransId");
      return fingerprint(address, asked._3DSServerTransId);
    }

    // Show the issuer's challenge in a dialog over the page.
    perform3DSChallenge(asked) {
      const name = "perform3DSChallenge";
      const address = pageAt(name, asked, "acsUrl", "challenge", "threeDSServerTransID");
      const request = {
        threeDSServerTransID: asked.threeDSServerTransID,
        acsTransID: asked.acsTransID ?? "",
        messageVersion: asked.messageVersion ?? "",
        messageType: "CReq",
        challengeWindowSize: "05",
      };
      const bytes = new TextEncoder().encode(JSON.stringify(request));
      const creq = btoa(String.fromCharCode(...bytes))
        .replaceAll("+", "-")
        .replaceAll("/", "_")
        .replaceAll("=", "");
      return challenge(`${address}?creq=${creq}`, asked.threeDSServerTransID);
    }
  }

  window.Clover3DS = Clover3DS;
})();
