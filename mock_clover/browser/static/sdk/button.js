// A wallet's button: the page in its frame. It says that it was clicked and nothing else.

import { whenStarted } from './port.js';
import { wordsOf } from './words.js';

const asked = new URLSearchParams(location.search);
const words = wordsOf(asked.get('locale') ?? 'en-US');
const name = asked.get('type')?.endsWith('APPLE_PAY') ? 'Apple Pay' : 'Google Pay';
const button = document.querySelector('button');

function show(text) {
  button.textContent = text;
  button.append(Object.assign(document.createElement('span'), { textContent: 'mock' }));
}

document.documentElement.lang = words.lang;
show(name);

whenStarted(({ buttonType, scheme }, port) => {
  document.documentElement.style.colorScheme = scheme;
  show(buttonType === 'short' ? name : words.payWith(name));
  button.addEventListener('click', () => port.postMessage({ what: 'click' }));
  port.postMessage({ what: 'ready', title: words.payWith(name) });
});
