// Brands of cards: what a number's first digits say. The same ranges as in clover/common/cards.py (a test
// compares them), which are ISO/IEC 7812 as the networks publish them.

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

// The brand's name as the API has it, or '' while the digits do not tell.
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

// How many digits the CVV of a brand has; either where the brand is not known.
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

// 4-6-5 as an American Express card is embossed, 4-6-4 a Diners Club of 14 digits, else by fours.
export function grouped(digits) {
  const brand = brandOf(digits);
  const six = brand === 'AMEX' || (brand === 'DINERS_CLUB' && digits.length <= 14);
  const form = six
    ? /^(\d{1,4})(\d{1,6})?(\d{1,5})?/
    : /^(\d{1,4})(\d{1,4})?(\d{1,4})?(\d{1,4})?(\d{1,3})?/;
  const found = form.exec(digits);
  return found ? found.slice(1).filter(Boolean).join(' ') : '';
}
