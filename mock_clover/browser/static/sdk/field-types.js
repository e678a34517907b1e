// The types of inputs: how each is formatted and validated, and which card fields it provides.
// `format(text, inputType)` formats the input; `inputType` is that of the input event, or ''.
// `validate(text, brand)` returns a key of messages.js, or ''. Selectors by tag, for example
// `card-number input`, are Clover's; all checks are inferred.

import { cvvLengths, digitsMax, grouped, isCardNumber } from './brands.js';

const TEXT_CHARS_MAX = 127;

// Also full-width digits, which some keyboards produce.
export const digitsOf = (text) => text.normalize('NFKC').replace(/\D/g, '');

function formatNumber(text) {
  const digits = digitsOf(text);
  return grouped(digits.slice(0, digitsMax(digits)));
}

// `5` means 05 and `1/` means 01; the slash follows the month, but not while it is being deleted.
function formatDate(text, inputType) {
  const plain = text.normalize('NFKC');
  const iso = /^\s*(\d{4})-(\d{1,2})\s*$/.exec(plain);
  if (iso) return `${iso[2].padStart(2, '0')}/${iso[1]}`;
  const single = /^\s*(\d)\s*[/\-. ]/.exec(plain);
  let digits = digitsOf(plain);
  if (single || /^[2-9]/.test(digits)) digits = `0${digits}`;
  digits = digits.slice(0, 6);
  const isDeleting = inputType.startsWith('delete');
  if (digits.length < 2 || (digits.length === 2 && isDeleting)) return digits;
  return `${digits.slice(0, 2)}/${digits.slice(2)}`;
}

// MM/YY and MM/YYYY (documented). The browser's clock decides whether it has passed; the token
// request checks it against the sandbox's clock.
export function expiryOf(text) {
  const found = /^(0[1-9]|1[0-2])\/(\d{2}|\d{4})$/.exec(text);
  if (!found) return null;
  const year = Number(found[2]) + (found[2].length === 2 ? 2000 : 0);
  return { month: found[1], year };
}

const YEARS_MAX = 50; // later years are probably typing errors

function isPast(text) {
  const expiry = expiryOf(text);
  if (!expiry) return true;
  const now = new Date();
  const months = (expiry.year - now.getFullYear()) * 12 + Number(expiry.month) - now.getMonth() - 1;
  return months < 0 || months > YEARS_MAX * 12;
}

// US (five or nine digits) and Canadian postal codes, in any locale.
function formatPostalCode(text) {
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
const invalidUnless = (isValid) => (text, brand) => (isValid(text, brand) ? '' : 'invalid');

const FIELD_TYPES = {
  CARD_NUMBER: {
    tag: 'card-number',
    autocomplete: 'cc-number',
    inputMode: 'numeric',
    format: formatNumber,
    validate: invalidUnless((text) => isCardNumber(digitsOf(text))),
    toCard: (text) => ({ number: digitsOf(text) }),
  },
  CARD_DATE: {
    tag: 'card-date',
    autocomplete: 'cc-exp',
    inputMode: 'numeric',
    format: formatDate,
    validate: invalidUnless((text) => !isPast(text)),
    toCard: (text) => {
      const { month, year } = expiryOf(text) ?? {};
      return { exp_month: month, exp_year: String(year) };
    },
  },
  CARD_CVV: {
    tag: 'card-cvv',
    autocomplete: 'cc-csc',
    inputMode: 'numeric',
    format: (text) => digitsOf(text).slice(0, 4),
    validate: invalidUnless((text, brand) => cvvLengths(brand).includes(text.length)),
    toCard: (text) => ({ cvv: text }),
  },
  CARD_POSTAL_CODE: {
    tag: 'card-postal-code',
    autocomplete: 'postal-code',
    inputMode: 'text',
    format: formatPostalCode,
    validate: invalidUnless((text) => POSTAL_CODE.test(text)),
    toCard: (text) => ({ address_zip: text }),
  },
  CARD_STREET_ADDRESS: {
    tag: 'card-street-address',
    autocomplete: 'address-line1',
    inputMode: 'text',
    format: plainText,
    validate: invalidUnless((text) => /[\p{L}\p{N}]/u.test(text)),
    toCard: (text) => ({ address_line1: text.trim() }),
  },
  CARD_NAME: {
    tag: 'card-name',
    autocomplete: 'cc-name',
    inputMode: 'text',
    format: plainText,
    // A long number is probably a card number in the wrong field: it must not be stored as a name.
    validate: invalidUnless((text) => /\p{L}/u.test(text) && digitsOf(text).length < 8),
    toCard: (text) => ({ name: text.trim() }),
  },
};

// The inputs of the combined field (its name is observed, its parts are inferred).
const COMBINED = ['CARD_NUMBER', 'CARD_DATE', 'CARD_CVV', 'CARD_POSTAL_CODE'];

// Return the inputs of an element type, in page order.
export function fieldTypesOf(type) {
  const names = type === 'CARD' ? COMBINED : [type].filter((name) => Object.hasOwn(FIELD_TYPES, name));
  return names.map((name) => ({ name, ...FIELD_TYPES[name] }));
}
