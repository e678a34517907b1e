// Card brands by the first digits of the number. The ranges are those of clover/common/cards.py (a test
// compares them): ISO/IEC 7812 as published by the networks.

const range = (low, high, name, ...lengths) => ({ low, high, name, lengths });

const RANGES = [
  range(4, 4, 'VISA', 13, 16, 19),
  range(51, 55, 'MC', 16),
  range(2221, 2720, 'MC', 16),
  range(34, 34, 'AMEX', 15),
  range(37, 37, 'AMEX', 15),
  range(6011, 6011, 'DISCOVER', 16, 19),
  range(644, 659, 'DISCOVER', 16, 19),
  range(622126, 622925, 'DISCOVER', 16, 19),
  range(300, 305, 'DINERS_CLUB', 14, 16),
  range(309, 309, 'DINERS_CLUB', 14, 16),
  range(36, 36, 'DINERS_CLUB', 14, 16, 19),
  range(38, 39, 'DINERS_CLUB', 14, 16, 19),
  range(3528, 3589, 'JCB', 16, 19),
];

export const TITLES = {
  VISA: 'Visa',
  MC: 'Mastercard',
  AMEX: 'American Express',
  DISCOVER: 'Discover',
  DINERS_CLUB: 'Diners Club',
  JCB: 'JCB',
};

const DIGITS_MAX = 19; // ISO/IEC 7812-1

function rangeOf(digits) {
  return RANGES.find(({ low, high }) => {
    const width = String(low).length;
    const lead = Number(digits.slice(0, width));
    return digits.length >= width && low <= lead && lead <= high;
  });
}

// Return the brand as named by the API, or '' if it is not known yet.
export function brandOf(digits) {
  return rangeOf(digits)?.name ?? '';
}

export function lengthsOf(digits) {
  return rangeOf(digits)?.lengths ?? [];
}

export function digitsMax(digits) {
  const lengths = lengthsOf(digits);
  return lengths.length ? Math.max(...lengths) : DIGITS_MAX;
}

// Return the lengths of a brand's CVV; both if the brand is not known.
export function cvvLengths(brand) {
  if (!brand) return [3, 4];
  return brand === 'AMEX' ? [4] : [3];
}

function passesLuhn(digits) {
  let sum = 0;
  for (let place = 0; place < digits.length; place += 1) {
    const digit = Number(digits[digits.length - 1 - place]);
    const doubled = place % 2 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}

export function isCardNumber(digits) {
  return lengthsOf(digits).includes(digits.length) && passesLuhn(digits);
}

// Group digits: 4-6-5 for American Express, 4-6-4 for a Diners Club of 14 digits, else fours.
export function grouped(digits) {
  const brand = brandOf(digits);
  const six = brand === 'AMEX' || (brand === 'DINERS_CLUB' && digits.length <= 14);
  const form = six
    ? /^(\d{1,4})(\d{1,6})?(\d{1,5})?/
    : /^(\d{1,4})(\d{1,4})?(\d{1,4})?(\d{1,4})?(\d{1,3})?/;
  const found = form.exec(digits);
  return found ? found.slice(1).filter(Boolean).join(' ') : '';
}
