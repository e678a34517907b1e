// The checkout: card fields of Clover's, wallets, a card kept on a customer, and what came of it.
import { useEffect, useState } from 'react';
import { post } from './api.js';
import { FIELDS, useClover } from './useClover.js';
import { useThreeDS } from './useThreeDS.js';

export function Checkout({ config }) {
  const [amount, setAmount] = useState('1800');
  const [keeps, setKeeps] = useState(false);
  const [isSecure, setSecure] = useState(false);
  const [told, setTold] = useState('');
  const [errors, setErrors] = useState({});
  const [customer, setCustomer] = useState(null);
  const { clover, said, googlePaid } = useClover(config);

  const show = (answer) => {
    if (answer.customer) setCustomer(answer.customer);
    if (answer.pending) {
      setTold('Waiting for your bank');
      authenticate(answer.pending);
    } else {
      setTold(answer.error ? `Refused: ${answer.error}` : `Paid ${answer.paid}`);
    }
  };
  const { browserInfo, authenticate } = useThreeDS(config, show);

  const charge = async (body) => show(await post('/pay', { amount: Number(amount), ...body }));

  const pay = async (event) => {
    event.preventDefault();
    setTold('Paying');
    setErrors({});
    try {
      const result = await clover.current.createToken();
      if (result.errors) {
        setErrors(result.errors);
        setTold('Look at your card again');
        return;
      }
      setErrors({});
      await charge({ token: result.token, keep: keeps, browser: isSecure ? browserInfo() : null });
    } catch (error) {
      setTold(`Could not reach the till: ${error?.message ?? error}`);
    }
  };

  useEffect(() => {
    if (googlePaid) charge({ token: googlePaid.token, wallet: 'Google Pay' });
  }, [googlePaid]);

  useEffect(() => {
    const onMethod = async ({ detail }) => {
      const token = detail?.tokenRecieved ?? detail?.tokenReceived;
      if (!token) return;
      const answer = await post('/pay', { amount: 1800, token: token.id ?? token });
      clover.current.updateApplePaymentStatus(answer.error ? 'failed' : 'success');
      show(answer);
    };
    const onEnd = ({ detail }) => setTold(`Apple Pay: ${detail.status}`);
    window.addEventListener('paymentMethod', onMethod);
    window.addEventListener('paymentMethodEnd', onEnd);
    return () => {
      window.removeEventListener('paymentMethod', onMethod);
      window.removeEventListener('paymentMethodEnd', onEnd);
    };
  }, []);

  return (
    <form onSubmit={pay}>
      <h1>Pay for your lamp</h1>
      <label>Amount in cents
        <input value={amount} onChange={(event) => setAmount(event.target.value)} />
      </label>
      {Object.entries(FIELDS).map(([type, [id, label]]) => (
        <div className="field" key={type}>
          <span>{label}</span>
          <div id={id} className="clover-field" />
          <p id={`${id}-error`} className="error" aria-live="polite">
            {errors[type] ?? said[type] ?? ''}
          </p>
        </div>
      ))}
      <label>
        <input type="checkbox" checked={keeps} onChange={() => setKeeps(!keeps)} /> Keep this card
      </label>
      <label>
        <input type="checkbox" checked={isSecure} onChange={() => setSecure(!isSecure)} /> Ask my bank
      </label>
      <button>Pay</button>
      {customer && (
        <button type="button" onClick={() => charge({ customer })}>Pay with the kept card</button>
      )}
      <div id="google-pay" />
      <div id="apple-pay" />
      <p id="told" role="status">{told}</p>
    </form>
  );
}
