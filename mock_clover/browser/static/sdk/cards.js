// The cards in force in the sandbox, as a list to choose from. They are published test numbers;
// only frames of the mock's own origin can read them.

export async function cardsInForce() {
  const response = await fetch('cards', { cache: 'no-store' });
  const { cards, year } = await response.json();
  return { cards, year: Math.max(year, new Date().getFullYear()) + 4 };
}

// `titles` are the groups' names, as words.js has them.
export function byGroup(cards, titles) {
  return Object.entries(titles)
    .map(([group, title]) => ({ title, cards: cards.filter((card) => card.group === group) }))
    .filter(({ cards: some }) => some.length);
}

export function labelOf({ brand, number }) {
  return `${brand.replace('_', ' ')} ••${number.slice(-4)}`;
}

export const cvvOf = ({ brand }) => (brand === 'AMEX' ? '1234' : '123');
