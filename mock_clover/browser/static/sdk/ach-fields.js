// The fields of the bank account form, in their order on the page. They are the members of `ach` in a
// token request (documented); which of them Clover's own form shows, and its texts, are not known.
// The form is in English in every locale: ACH is for accounts in the United States.

import { digitsOf } from './field-types.js';

const filled = (text) => text.trim() !== '';
const matches = (pattern) => (text) => pattern.test(text.trim());
const digits = (pattern) => (text) => pattern.test(digitsOf(text));

// Each has a label, a check of its value, and how the value is sent; `only` names the type of check
// that has the field, and `options` make it a selection.
export const ACH_FIELDS = {
  check_type: {
    label: 'Type of account holder',
    options: { personal_check: 'Person', corporate_check: 'Business' },
  },
  first_name: { label: 'First name', autocomplete: 'given-name', only: 'personal_check' },
  last_name: { label: 'Last name', autocomplete: 'family-name', only: 'personal_check' },
  business_name: { label: 'Business name', autocomplete: 'organization', only: 'corporate_check' },
  bank_routing_number: {
    label: 'Routing number',
    inputMode: 'numeric',
    isValid: digits(/^\d{9}$/),
    send: digitsOf,
  },
  bank_account_number: {
    label: 'Account number',
    inputMode: 'numeric',
    isValid: digits(/^\d{10,12}$/),
    send: digitsOf,
  },
  account_type: {
    label: 'Type of account',
    options: { checking: 'Checking', savings: 'Savings' },
  },
  email: {
    label: 'Email',
    autocomplete: 'email',
    inputMode: 'email',
    isValid: matches(/^[^@\s]+@[^@\s]+\.[^@\s]+$/),
  },
  phone: {
    label: 'Phone',
    autocomplete: 'tel',
    inputMode: 'tel',
    isValid: digits(/^\d{10,15}$/),
  },
  address_line1: { label: 'Street address', autocomplete: 'address-line1' },
  address_city: { label: 'City', autocomplete: 'address-level2' },
  address_state: { label: 'State', autocomplete: 'address-level1' },
  address_zip: {
    label: 'ZIP code',
    autocomplete: 'postal-code',
    inputMode: 'numeric',
    isValid: matches(/^\d{5}(-?\d{4})?$/),
  },
  customer_id_type: {
    label: 'Identification',
    options: { driver_license: 'Driver license', tax_id: 'Tax ID', military_id: 'Military ID' },
  },
  customer_id_state: { label: 'State of the identification', autocomplete: 'off' },
  customer_id: { label: 'Identification number', autocomplete: 'off' },
};

const TEXT_CHARS_MAX = 255;
// Documented: the id of the agreement that works in each sandbox.
const AGREEMENT = { agreement_id: '2c74dcc0-61ad-4f08-8764-a29aeb98f4a4', type: 'E_CHECK_GENERIC' };

export function isValid(name, text) {
  const { options, isValid: check = filled } = ACH_FIELDS[name];
  return options ? Object.hasOwn(options, text) : check(text) && text.length <= TEXT_CHARS_MAX;
}

// Return `ach` of the token request.
export function achOf(values) {
  const sent = Object.entries(values).map(([name, text]) => {
    const { send = (value) => value.trim() } = ACH_FIELDS[name];
    return [name, send(text)];
  });
  return { ...Object.fromEntries(sent), agreement: { ...AGREEMENT, locale: 'en_US' } };
}
