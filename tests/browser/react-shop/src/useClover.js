// Clover's fields for as long as a component is shown, and what they last said of themselves.
import { useEffect, useRef, useState } from 'react';

export const FIELDS = {
  CARD_NUMBER: ['card-number', 'Card number'],
  CARD_DATE: ['card-date', 'Expiry'],
  CARD_CVV: ['card-cvv', 'CVV'],
  CARD_POSTAL_CODE: ['card-postal-code', 'Postal code'],
};

const STYLES = {
  body: { fontFamily: 'Georgia, serif', fontSize: '16px' },
  input: { fontSize: '16px', padding: '0 8px' },
  '.invalid': { color: '#b3261e' },
};

export function useClover({ publicKey, merchantId, locale }) {
  const clover = useRef(null);
  const [said, setSaid] = useState({});
  const [googlePaid, setGooglePaid] = useState(null);

  useEffect(() => {
    const made = new window.Clover(publicKey, { merchantId, locale });
    const elements = made.elements();
    // A field that an event leaves out would end this: shops read all of theirs from each event.
    const listen = (data) =>
      setSaid(
        Object.fromEntries(
          Object.keys(FIELDS).map((key) => [
            key,
            data[key].error !== undefined && data[key].touched ? data[key].error : '',
          ]),
        ),
      );
    const mounted = Object.entries(FIELDS).map(([type, [id]]) => {
      const element = elements.create(type, STYLES);
      element.mount(`#${id}`);
      element.addEventListener('change', listen);
      element.addEventListener('blur', listen);
      return element;
    });
    const google = elements.create('PAYMENT_REQUEST_BUTTON', {
      paymentReqData: {
        total: { label: 'Lamps', amount: 1800 },
        options: { button: { buttonType: 'short' } },
      },
    });
    google.mount('#google-pay');
    google.addEventListener('paymentMethod', setGooglePaid);
    const apple = elements.create('PAYMENT_REQUEST_BUTTON_APPLE_PAY', {
      applePaymentRequest: made.createApplePaymentRequest({
        amount: 1800,
        countryCode: 'US',
        currencyCode: 'USD',
      }),
      sessionIdentifier: merchantId,
    });
    apple.mount('#apple-pay');
    clover.current = made;
    const footer = document.querySelector('.clover-footer');
    if (footer) footer.style.display = 'block';
    return () => {
      for (const element of [...mounted, google, apple]) element.destroy();
      for (const each of document.querySelectorAll('.clover-footer')) each.style.display = 'none';
      clover.current = null;
    };
  }, [publicKey, merchantId, locale]);

  return { clover, said, googlePaid };
}
