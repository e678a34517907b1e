// Create elements. Never parse markup from strings: everything from a server, client or attacker
// becomes a text node.

const FORBIDDEN = /^(on|style$|srcdoc$|src$|formaction$)/i;
const SVG = "http://www.w3.org/2000/svg";

/** Create an element. `given` has attributes, and listeners under `on`; children are nodes or strings. */
export function el(name, given = {}, ...children) {
  return fillElement(document.createElement(name), given, children);
}

/** Create an SVG element. */
export function svg(name, given = {}, ...children) {
  return fillElement(document.createElementNS(SVG, name), given, children);
}

function fillElement(node, given, children) {
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "on") {
      for (const [event, listener] of Object.entries(value)) node.addEventListener(event, listener);
    } else if (name === "value") node.value = value;
    else attribute(node, name, value === true ? "" : String(value));
  }
  add(node, children);
  return node;
}

/** Set an attribute, unless it can run a script; links may only have a path, a fragment or http(s). */
export function attribute(node, name, value) {
  if (FORBIDDEN.test(name)) throw new Error(`attribute ${name} is not allowed`);
  if (name === "href" && !/^(#|\/(?!\/)|https?:)/i.test(value)) return;
  node.setAttribute(name, value);
}

/** Append children; null and false are skipped, arrays are flattened. */
export function add(node, children) {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    if (Array.isArray(child)) add(node, child);
    else node.append(child instanceof Node ? child : String(child));
  }
}

/** Replace all children of a node. */
export function replaceContent(node, ...children) {
  const made = document.createDocumentFragment();
  add(made, children);
  node.replaceChildren(made);
}

/** Return a function that runs `act` once, `ms` after its last call, unless `root` is not shown any more. */
export function debounced(root, ms, act) {
  let timer = 0;
  return (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => root.checkVisibility() && act(...given), ms);
  };
}

/** Set the text of a node if it has changed. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export const byId = (id) => document.getElementById(id);

/** Create a button. */
export function button(text, act, given = {}) {
  return el("button", { type: "button", ...given, on: { click: act } }, text);
}

/** Create a form field with a label above and a hint below. */
export function field(label, control, hint = "") {
  control.id ||= `field-${(fields += 1)}`;
  const hintElement = hint
    ? el("small", { id: `${control.id}-hint`, class: "hint" }, withCode(hint)) : null;
  if (hintElement) control.setAttribute("aria-describedby", hintElement.id);
  return el("div", { class: "field" }, el("label", { for: control.id }, label), control, hintElement);
}
let fields = 0;

/** Return the nodes of a text; what is between backticks is code. */
const withCode = (text) =>
  text.split("`").map((part, place) => (place % 2 ? el("code", {}, part) : part));

/** Create a select; options are values or [value, text]. */
export function select(options, chosen, given = {}) {
  const made = el("select", given);
  for (const each of options) {
    const [value, text] = Array.isArray(each) ? each : [each, each];
    made.append(el("option", { value }, text));
  }
  if (chosen !== undefined && chosen !== null) made.value = chosen;
  return made;
}

/** Copy a text; without the clipboard API (on an insecure origin) with execCommand. */
export async function copy(text) {
  if (navigator.clipboard && window.isSecureContext) {
    await navigator.clipboard.writeText(text);
    return;
  }
  const back = document.activeElement;
  const held = el("textarea", { class: "visually-hidden", readonly: true, value: text });
  document.body.append(held);
  held.select();
  document.execCommand("copy");
  held.remove();
  back?.focus();
}

/** Create a button that copies a text and confirms it. */
export function copyButton(text, give, given = {}) {
  const made = button(text, async () => {
    try {
      await copy(give());
      setText(made, "Copied");
    } catch {
      setText(made, "Copy failed");
    }
    setTimeout(() => setText(made, text), 1500);
  }, { class: "small", ...given });
  return made;
}
