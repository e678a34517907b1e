// A shop's styles in Clover's format: `{'card-number input': {fontSize: '16px'}, ...}`. They are set
// as CSSOM rules and never as text, so no value can end a rule; values that could load a resource
// are ignored. Typed values are never attributes, so no selector can match on them.

const LOADS = /url|image|src|\\|@/i;
const RULES_MAX = 200;
const CHARS_MAX = 500;

const dashed = (name) =>
  name.startsWith('--') ? name : name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

function nested(selector, inner) {
  if (inner.startsWith('&')) return selector + inner.slice(1);
  return inner.startsWith(':') ? selector + inner : `${selector} ${inner}`;
}

function addRule(sheet, selector, declared, ignored) {
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
  if (!(rule instanceof CSSStyleRule)) {
    sheet.deleteRule(sheet.cssRules.length - 1);
    ignored.push(selector);
    return;
  }
  for (const [name, value] of Object.entries(declared)) {
    if (value && typeof value === 'object') {
      addRule(sheet, nested(selector, name), value, ignored);
    } else {
      declare(rule, name, String(value), `${selector} ${name}`, ignored);
    }
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
  const sheet = new CSSStyleSheet();
  const ignored = [];
  for (const [selector, declared] of Object.entries(styles ?? {})) {
    if (declared && typeof declared === 'object') addRule(sheet, selector, declared, ignored);
  }
  document.adoptedStyleSheets = [sheet];
  return ignored;
}
