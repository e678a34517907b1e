// A shop's styles, as Clover takes them: `{'card-number input': {fontSize: '16px'}, ...}`. They are
// built as rules and never as text, so no value ends a rule or begins another; what could load
// something from elsewhere is left out. A value typed into a field is never an attribute, so that
// no selector can tell one from another.

const LOADS = /url|image|src|\\|@/i;
const RULES_MAX = 200;
const CHARS_MAX = 500;

const dashed = (name) =>
  name.startsWith('--') ? name : name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

function nested(selector, inner) {
  if (inner.startsWith('&')) return selector + inner.slice(1);
  return inner.startsWith(':') ? selector + inner : `${selector} ${inner}`;
}

function addRule(sheet, selector, declared, unknown) {
  if (sheet.cssRules.length >= RULES_MAX || selector.length > CHARS_MAX) {
    unknown.push(selector.slice(0, CHARS_MAX));
    return;
  }
  let rule;
  try {
    rule = sheet.cssRules[sheet.insertRule(`${selector} {}`, sheet.cssRules.length)];
  } catch {
    unknown.push(selector); // as a placeholder's selector of another vendor
    return;
  }
  if (!(rule instanceof CSSStyleRule)) {
    sheet.deleteRule(sheet.cssRules.length - 1);
    unknown.push(selector);
    return;
  }
  for (const [name, value] of Object.entries(declared)) {
    if (value && typeof value === 'object') {
      addRule(sheet, nested(selector, name), value, unknown);
    } else {
      declare(rule, name, String(value), `${selector} ${name}`, unknown);
    }
  }
}

function declare(rule, name, value, where, unknown) {
  const found = /^(.*?)\s*(!important)?\s*$/s.exec(value);
  const property = dashed(name);
  const before = rule.style.cssText;
  if (found[1].length > CHARS_MAX || LOADS.test(found[1])) {
    unknown.push(where);
    return;
  }
  rule.style.setProperty(property, found[1], found[2] ? 'important' : '');
  if (rule.style.cssText === before && !rule.style.getPropertyValue(property)) unknown.push(where);
}

// Put a shop's styles on this document; return the selectors and properties that were left out.
export function putOn(document, styles) {
  const sheet = new CSSStyleSheet();
  const unknown = [];
  for (const [selector, declared] of Object.entries(styles ?? {})) {
    if (declared && typeof declared === 'object') addRule(sheet, selector, declared, unknown);
  }
  document.adoptedStyleSheets = [sheet];
  return unknown;
}
