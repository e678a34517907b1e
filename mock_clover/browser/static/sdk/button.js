// The button of a wallet: the page in its iframe. It only reports clicks.

import { whenStarted } from './port.js';
import { messagesFor } from './messages.js';

const asked = new URLSearchParams(location.search);
const messages = messagesFor(asked.get('locale') ?? 'en-US');
const name = asked.get('type')?.endsWith('APPLE_PAY') ? 'Apple Pay' : 'Google Pay';
const button = document.querySelector('button');

function show(text) {
  button.textContent = text;
  button.append(Object.assign(document.createElement('span'), { textContent: 'mock' }));
}

document.documentElement.lang = messages.lang;
show(name);

whenStarted(({ buttonType, scheme }, port) => {
  document.documentElement.style.colorScheme = scheme;
  show(buttonType === 'short' ? name : messages.payWith(name));
  button.addEventListener('click', () => port.postMessage({ what: 'click' }));
  port.postMessage({ what: 'ready', title: messages.payWith(name) });
});
