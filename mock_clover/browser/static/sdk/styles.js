// A shop's styles in Clover's format: `{'card-number input': {fontSize: '16px'}, ...}`. They are set
// as CSSOM rules and never as text, so no value can end a rule; values that could load a resource
// are ignored. Typed values are never attributes, so no selector can match on them.

const LOADS = /url|image|src|\\|@/i;
const TAGS = [
  'card-number',
  'card-date',
  'card-cvv',
  'card-postal-code',
  'card-street-address',
  'card-name',
];
const RULES_MAX = 200;
const CHARS_MAX = 500;

const dashed = (name) =>
  name.startsWith('--') ? name : name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

function nested(selector, inner) {
  if (inner.startsWith('&')) return selector + inner.slice(1);
  return inner.startsWith(':') ? selector + inner : `${selector} ${inner}`;
}

// The elements of the fields in all their states: a selector that matches none of them has no effect.
function sampleField() {
  const sample = document.implementation.createHTMLDocument();
  const form = sample.body.appendChild(sample.createElement('form'));
  const add = (parent, tag, ...classes) => {
    const node = parent.appendChild(sample.createElement(tag));
    node.classList.add(...classes);
    return node;
  };
  for (const tag of [...TAGS, 'div']) {
    const box = add(form, tag);
    for (const name of ['label', 'select', 'span']) add(box, name, 'invalid', 'focus');
    add(box, 'input', 'invalid', 'focus').id = tag;
    add(box, 'img', 'brand');
    add(box, 'span', 'message');
  }
  for (const node of document.querySelectorAll('[id]')) add(form, node.localName).id = node.id;
  return sample;
}

function canMatch(sample, selector) {
  // Dynamic parts such as :focus and ::placeholder, and attributes, match no sample.
  const plain = selector.replace(/::?[\w-]+(\([^)]*\))?|\[[^\]]*\]/g, '');
  if (/[+~]/.test(plain)) return true; // depends on neighbours, which the sample does not show
  try {
    return sample.querySelector(plain || '*') !== null;
  } catch {
    return true; // what remains is not a selector
  }
}

// `to` has the sheet, the sample and the list of what is ignored.
function addRule(to, selector, declared) {
  const { sheet, sample, ignored } = to;
  if (sheet.cssRules.length >= RULES_MAX || selector.length > CHARS_MAX) {
    ignored.push(selector.slice(0, CHARS_MAX));
    return;
  }
  let rule;
  try {
    rule = sheet.cssRules[sheet.insertRule(`${selector} {}`, sheet.cssRules.length)];
  } catch {
    ignored.push(selector); // for example a vendor-specific selector
    return;
  }
  if (!(rule instanceof CSSStyleRule) || !canMatch(sample, selector)) {
    sheet.deleteRule(sheet.cssRules.length - 1);
    ignored.push(selector);
    return;
  }
  for (const [name, value] of Object.entries(declared)) {
    if (value && typeof value === 'object') addRule(to, nested(selector, name), value);
    else declare(rule, name, String(value), `${selector} ${name}`, ignored);
  }
}

function declare(rule, name, value, where, ignored) {
  const found = /^(.*?)\s*(!important)?\s*$/s.exec(value);
  const property = dashed(name);
  const before = rule.style.cssText;
  if (found[1].length > CHARS_MAX || LOADS.test(found[1])) {
    ignored.push(where);
    return;
  }
  rule.style.setProperty(property, found[1], found[2] ? 'important' : '');
  if (rule.style.cssText === before && !rule.style.getPropertyValue(property)) ignored.push(where);
}

// Apply a shop's styles to this document; return the selectors and properties that were ignored.
export function applyStyles(document, styles) {
  const to = { sheet: new CSSStyleSheet(), sample: sampleField(), ignored: [] };
  for (const [selector, declared] of Object.entries(styles ?? {})) {
    if (declared && typeof declared === 'object') addRule(to, selector, declared);
    else to.ignored.push(selector);
  }
  document.adoptedStyleSheets = [to.sheet];
  return to.ignored;
}
