// The kinds of input, as a table: how each is written, when it is wrong, what of a card it gives.
// `shape(text, typed)` writes what was typed; `typed` is the input event's type, '' if unknown.
// `fault(text, brand)` names what is wrong as words.js has it, or ''. Selectors by the tag (as
// `card-number input`) are Clover's own; all checks are inferred.

import { cvvLengths, digitsMax, grouped, isCardNumber } from './brands.js';

const TEXT_CHARS_MAX = 127;

// Digits of any width: some keyboards write full-width ones.
export const digitsOf = (text) => text.normalize('NFKC').replace(/\D/g, '');

function shapeNumber(text) {
  const digits = digitsOf(text);
  return grouped(digits.slice(0, digitsMax(digits)));
}

// `5` means 05 and `1/` means 01; the slash follows the month, but not while it is being deleted.
function shapeDate(text, typed) {
  const plain = text.normalize('NFKC');
  const iso = /^\s*(\d{4})-(\d{1,2})\s*$/.exec(plain);
  if (iso) return `${iso[2].padStart(2, '0')}/${iso[1]}`;
  const single = /^\s*(\d)\s*[/\-. ]/.exec(plain);
  let digits = digitsOf(plain);
  if (single || /^[2-9]/.test(digits)) digits = `0${digits}`;
  digits = digits.slice(0, 6);
  const isDeleting = typed.startsWith('delete');
  if (digits.length < 2 || (digits.length === 2 && isDeleting)) return digits;
  return `${digits.slice(0, 2)}/${digits.slice(2)}`;
}

// MM/YY and MM/YYYY (documented). Whether it is past says the browser's clock; a sandbox whose
// clock was moved says so itself when it makes the token.
export function expiryOf(text) {
  const found = /^(0[1-9]|1[0-2])\/(\d{2}|\d{4})$/.exec(text);
  if (!found) return null;
  const year = Number(found[2]) + (found[2].length === 2 ? 2000 : 0);
  return { month: found[1], year };
}

const YEARS_MAX = 50; // beyond that it is a slip

function isPast(text) {
  const expiry = expiryOf(text);
  if (!expiry) return true;
  const now = new Date();
  const months = (expiry.year - now.getFullYear()) * 12 + Number(expiry.month) - now.getMonth() - 1;
  return months < 0 || months > YEARS_MAX * 12;
}

// The United States' five or nine digits, Canada's letters and digits; either with any locale.
function shapePostalCode(text) {
  const plain = text
    .normalize('NFKC')
    .toUpperCase()
    .replace(/[^A-Z0-9]/g, '');
  if (/^\d/.test(plain)) {
    const digits = plain.replace(/\D/g, '').slice(0, 9);
    return digits.length > 5 ? `${digits.slice(0, 5)}-${digits.slice(5)}` : digits;
  }
  return plain.length > 3 ? `${plain.slice(0, 3)} ${plain.slice(3, 6)}` : plain;
}

const POSTAL_CODE = /^(\d{5}(-\d{4})?|[ABCEGHJ-NPRSTVXY]\d[A-Z] \d[A-Z]\d)$/;

const plainText = (text) => text.slice(0, TEXT_CHARS_MAX);
const wrongUnless = (isRight) => (text, brand) => (isRight(text, brand) ? '' : 'invalid');

const KINDS = {
  CARD_NUMBER: {
    tag: 'card-number',
    autocomplete: 'cc-number',
    inputMode: 'numeric',
    shape: shapeNumber,
    fault: wrongUnless((text) => isCardNumber(digitsOf(text))),
    give: (text) => ({ number: digitsOf(text) }),
  },
  CARD_DATE: {
    tag: 'card-date',
    autocomplete: 'cc-exp',
    inputMode: 'numeric',
    shape: shapeDate,
    fault: wrongUnless((text) => !isPast(text)),
    give: (text) => {
      const { month, year } = expiryOf(text) ?? {};
      return { exp_month: month, exp_year: String(year) };
    },
  },
  CARD_CVV: {
    tag: 'card-cvv',
    autocomplete: 'cc-csc',
    inputMode: 'numeric',
    shape: (text) => digitsOf(text).slice(0, 4),
    fault: wrongUnless((text, brand) => cvvLengths(brand).includes(text.length)),
    give: (text) => ({ cvv: text }),
  },
  CARD_POSTAL_CODE: {
    tag: 'card-postal-code',
    autocomplete: 'postal-code',
    inputMode: 'text',
    shape: shapePostalCode,
    fault: wrongUnless((text) => POSTAL_CODE.test(text)),
    give: (text) => ({ address_zip: text }),
  },
  CARD_STREET_ADDRESS: {
    tag: 'card-street-address',
    autocomplete: 'address-line1',
    inputMode: 'text',
    shape: plainText,
    fault: wrongUnless((text) => /[\p{L}\p{N}]/u.test(text)),
    give: (text) => ({ address_line1: text.trim() }),
  },
  CARD_NAME: {
    tag: 'card-name',
    autocomplete: 'cc-name',
    inputMode: 'text',
    shape: plainText,
    // A number in the name's field is a slip, and perhaps a card's: it must not be kept as a name.
    fault: wrongUnless((text) => /\p{L}/u.test(text) && digitsOf(text).length < 8),
    give: (text) => ({ name: text.trim() }),
  },
};

// What the combined field holds (its name is observed, its parts are inferred).
const COMBINED = ['CARD_NUMBER', 'CARD_DATE', 'CARD_CVV', 'CARD_POSTAL_CODE'];

// The inputs of an element's type, in the order of the page.
export function kindsOf(type) {
  const names = type === 'CARD' ? COMBINED : [type].filter((name) => Object.hasOwn(KINDS, name));
  return names.map((name) => ({ name, ...KINDS[name] }));
}
