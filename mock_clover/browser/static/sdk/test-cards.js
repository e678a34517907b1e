// The test card bar: the page in its iframe. It fills the fields of a checkout through their channel,
// so the shop's page sees only that its fields have changed.

import { byGroup, currentCards, cvvOf, labelOf } from './cards.js';
import { Group } from './group.js';
import { reportHeight, whenStarted } from './port.js';
import { messagesFor } from './messages.js';

const NARROW_PX = 540;
const locale = new URLSearchParams(location.search).get('locale') ?? 'en-US';
const messages = messagesFor(locale);

function valuesOf(card, year) {
  return {
    CARD_NUMBER: card.number,
    CARD_DATE: `12/${String(year).slice(-2)}`,
    CARD_CVV: cvvOf(card),
    CARD_POSTAL_CODE: /CA$/i.test(locale) ? 'K1A 0B1' : '94043',
    CARD_STREET_ADDRESS: '1 Main Street',
    CARD_NAME: 'Jo Test',
  };
}

function buttonOf(card, fill) {
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = labelOf(card);
  if (card.about) {
    button.title = card.about;
    button.setAttribute('aria-description', card.about);
  }
  button.addEventListener('click', () => fill(card));
  return button;
}

async function show(fill) {
  const { cards, year } = await currentCards();
  for (const { title, cards: members } of byGroup(cards, messages.groups)) {
    const box = document.createElement('fieldset');
    box.append(Object.assign(document.createElement('legend'), { textContent: title }));
    box.append(...members.map((card) => buttonOf(card, () => fill(valuesOf(card, year)))));
    document.querySelector('.groups').append(box);
  }
}

document.documentElement.lang = messages.lang;
// On a phone, the open bar would cover a large part of the page.
document.querySelector('details').open = window.innerWidth > NARROW_PX;
document.querySelector('summary').textContent = messages.testCards.title;

whenStarted(({ id, group: name }, port) => {
  const group = new Group(name, id, {});
  show((values) => group.send({ what: 'fill', values }));
  reportHeight(port, document.querySelector('main'));
  port.postMessage({ what: 'ready', title: document.title });
});
