// Elements and their texts. Nothing here or elsewhere reads markup from a text: what a server,
// a client or an attacker said becomes a text node, whatever it looks like.

const FORBIDDEN = /^(on|style$|srcdoc$|src$|formaction$)/i;
const SVG = "http://www.w3.org/2000/svg";

/** Make an element. `given` are attributes, and `on` for listeners; children are nodes or texts. */
export function el(name, given = {}, ...children) {
  return filled(document.createElement(name), given, children);
}

/** Make an element of a drawing. */
export function svg(name, given = {}, ...children) {
  return filled(document.createElementNS(SVG, name), given, children);
}

function filled(node, given, children) {
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

/** Set an attribute that can do no harm; a link leads within the page or to a plain address. */
export function attribute(node, name, value) {
  if (FORBIDDEN.test(name)) throw new Error(`no attribute ${name} is set here`);
  if (name === "href" && !/^(#|\/(?!\/)|https?:)/i.test(value)) return;
  node.setAttribute(name, value);
}

/** Add children; null and false are none, lists are their members. */
export function add(node, children) {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    if (Array.isArray(child)) add(node, child);
    else node.append(child instanceof Node ? child : String(child));
  }
}

/** Put other children in a node's place of the present ones. */
export function refill(node, ...children) {
  const made = document.createDocumentFragment();
  add(made, children);
  node.replaceChildren(made);
}

/** Set a text if it is another: most of what is drawn again has not changed. */
export function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export const byId = (id) => document.getElementById(id);

/** A button with a text, or with a label where it shows a sign only. */
export function button(text, act, given = {}) {
  return el("button", { type: "button", ...given, on: { click: act } }, text);
}

/** A field with its label above it; `hint` stands below and is read with it. */
export function field(label, control, hint = "") {
  control.id ||= `field-${(fields += 1)}`;
  const said = hint ? el("small", { id: `${control.id}-hint`, class: "hint" }, hint) : null;
  if (said) control.setAttribute("aria-describedby", said.id);
  return el("div", { class: "field" }, el("label", { for: control.id }, label), control, said);
}
let fields = 0;

/** A choice; options are values or [value, text]. */
export function select(options, chosen, given = {}) {
  const made = el("select", given);
  for (const each of options) {
    const [value, text] = Array.isArray(each) ? each : [each, each];
    made.append(el("option", { value }, text));
  }
  if (chosen !== undefined && chosen !== null) made.value = chosen;
  return made;
}

/** Copy a text; without a clipboard (a page by a plain address) by the old way. */
export async function copy(text) {
  if (navigator.clipboard && window.isSecureContext) {
    await navigator.clipboard.writeText(text);
    return;
  }
  const back = document.activeElement;
  const held = el("textarea", { class: "unseen", readonly: true, value: text });
  document.body.append(held);
  held.select();
  document.execCommand("copy");
  held.remove();
  back?.focus();
}

/** A button that copies, and says that it did. */
export function copyButton(text, give, given = {}) {
  const made = button(text, async () => {
    try {
      await copy(give());
      say(made, "Copied");
    } catch {
      say(made, "Not allowed here");
    }
    setTimeout(() => say(made, text), 1500);
  }, { class: "small", ...given });
  return made;
}
