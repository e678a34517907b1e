// Labels and messages in the locales that Clover documents: en-US, en-CA, fr-CA. "Card number is
// invalid." and "Card expiry is invalid." are documented; all others are specific to the mock.

const ENGLISH = {
  labels: {
    CARD_NUMBER: 'Card number',
    CARD_DATE: 'Expiry date (MM/YY)',
    CARD_CVV: 'Security code (CVV)',
    CARD_POSTAL_CODE: 'Postal code',
    CARD_STREET_ADDRESS: 'Street address',
    CARD_NAME: 'Name on card',
  },
  placeholders: {
    CARD_NUMBER: 'Card number',
    CARD_DATE: 'MM/YY',
    CARD_CVV: 'CVV',
    CARD_POSTAL_CODE: 'Postal code',
    CARD_STREET_ADDRESS: 'Street address',
    CARD_NAME: 'Name on card',
  },
  invalid: {
    CARD_NUMBER: 'Card number is invalid.',
    CARD_DATE: 'Card expiry is invalid.',
    CARD_CVV: 'Card CVV is invalid.',
    CARD_POSTAL_CODE: 'Postal code is invalid.',
    CARD_STREET_ADDRESS: 'Street address is invalid.',
    CARD_NAME: 'Name on card is invalid.',
  },
  missing: {
    CARD_NUMBER: 'Card number is required.',
    CARD_DATE: 'Card expiry is required.',
    CARD_CVV: 'Card CVV is required.',
    CARD_POSTAL_CODE: 'Postal code is required.',
    CARD_STREET_ADDRESS: 'Street address is required.',
    CARD_NAME: 'Name on card is required.',
  },
  titles: {
    CARD_NUMBER: 'Secure field: card number',
    CARD_DATE: 'Secure field: expiry date',
    CARD_CVV: 'Secure field: security code',
    CARD_POSTAL_CODE: 'Secure field: postal code',
    CARD_STREET_ADDRESS: 'Secure field: street address',
    CARD_NAME: 'Secure field: name on card',
    CARD: 'Secure fields: card',
  },
  payWith: (name) => `Pay with ${name}`,
  wallet: {
    labels: { card: 'Card', email: 'Email', zip: 'Postal code' },
    ownCard: 'Default wallet card (approved)',
    pay: 'Pay with test card',
    cancel: 'Cancel',
    busy: 'Waiting for the shop…',
    success: 'Paid.',
    failed: 'The payment failed.',
  },
  testCards: { title: 'Test cards of this sandbox' },
  groups: { approve: 'Approved', decline: 'Declined', threeds: '3-D Secure' },
};

const AMERICAN = {
  ...ENGLISH,
  labels: { ...ENGLISH.labels, CARD_POSTAL_CODE: 'ZIP code' },
  placeholders: { ...ENGLISH.placeholders, CARD_POSTAL_CODE: 'ZIP code' },
};

const FRENCH = {
  labels: {
    CARD_NUMBER: 'Numéro de carte',
    CARD_DATE: 'Date d’expiration (MM/AA)',
    CARD_CVV: 'Code de sécurité (CVV)',
    CARD_POSTAL_CODE: 'Code postal',
    CARD_STREET_ADDRESS: 'Adresse',
    CARD_NAME: 'Nom sur la carte',
  },
  placeholders: {
    CARD_NUMBER: 'Numéro de carte',
    CARD_DATE: 'MM/AA',
    CARD_CVV: 'CVV',
    CARD_POSTAL_CODE: 'Code postal',
    CARD_STREET_ADDRESS: 'Adresse',
    CARD_NAME: 'Nom sur la carte',
  },
  invalid: {
    CARD_NUMBER: 'Le numéro de carte est invalide.',
    CARD_DATE: 'La date d’expiration est invalide.',
    CARD_CVV: 'Le code CVV est invalide.',
    CARD_POSTAL_CODE: 'Le code postal est invalide.',
    CARD_STREET_ADDRESS: 'L’adresse est invalide.',
    CARD_NAME: 'Le nom sur la carte est invalide.',
  },
  missing: {
    CARD_NUMBER: 'Le numéro de carte est obligatoire.',
    CARD_DATE: 'La date d’expiration est obligatoire.',
    CARD_CVV: 'Le code CVV est obligatoire.',
    CARD_POSTAL_CODE: 'Le code postal est obligatoire.',
    CARD_STREET_ADDRESS: 'L’adresse est obligatoire.',
    CARD_NAME: 'Le nom sur la carte est obligatoire.',
  },
  titles: {
    CARD_NUMBER: 'Champ sécurisé : numéro de carte',
    CARD_DATE: 'Champ sécurisé : date d’expiration',
    CARD_CVV: 'Champ sécurisé : code de sécurité',
    CARD_POSTAL_CODE: 'Champ sécurisé : code postal',
    CARD_STREET_ADDRESS: 'Champ sécurisé : adresse',
    CARD_NAME: 'Champ sécurisé : nom sur la carte',
    CARD: 'Champs sécurisés : carte',
  },
  payWith: (name) => `Payer avec ${name}`,
  wallet: {
    labels: { card: 'Carte', email: 'Courriel', zip: 'Code postal' },
    ownCard: 'Carte par défaut du portefeuille (approuvée)',
    pay: 'Payer avec une carte de test',
    cancel: 'Annuler',
    busy: 'En attente de la boutique…',
    success: 'Payé.',
    failed: 'Le paiement a échoué.',
  },
  testCards: { title: 'Cartes de test de ce bac à sable' },
  groups: { approve: 'Approuvées', decline: 'Refusées', threeds: '3-D Secure' },
};

// Also accept locales such as `fr_CA`; unknown ones show English (inferred).
export function messagesFor(locale) {
  const [language, country] = locale.replace('_', '-').split('-');
  if (language.toLowerCase() === 'fr') return { lang: 'fr', ...FRENCH };
  return { lang: 'en', ...(country?.toUpperCase() === 'CA' ? ENGLISH : AMERICAN) };
}
