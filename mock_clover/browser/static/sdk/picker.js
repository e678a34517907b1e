// The strip of test cards: the page in its frame. It fills the fields of one checkout by their own
// channel, so that the page around sees no more than a change of its fields.

import { byGroup, cardsInForce, cvvOf, labelOf } from './cards.js';
import { Group } from './group.js';
import { tellHeight, whenStarted } from './port.js';
import { wordsOf } from './words.js';

const locale = new URLSearchParams(location.search).get('locale') ?? 'en-US';
const words = wordsOf(locale);

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
  const { cards, year } = await cardsInForce();
  for (const { title, cards: some } of byGroup(cards, words.groups)) {
    const box = document.createElement('fieldset');
    box.append(Object.assign(document.createElement('legend'), { textContent: title }));
    box.append(...some.map((card) => buttonOf(card, () => fill(valuesOf(card, year)))));
    document.querySelector('.groups').append(box);
  }
}

document.documentElement.lang = words.lang;
document.querySelector('summary').textContent = words.picker.title;

whenStarted(({ id, group: name }, port) => {
  const group = new Group(name, id, {});
  show((values) => group.tell({ what: 'fill', values }));
  tellHeight(port, document.querySelector('main'));
  port.postMessage({ what: 'ready', title: document.title });
});
