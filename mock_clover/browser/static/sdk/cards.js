// The current test cards of the sandbox. They are published test numbers; only iframes of the mock's
// own origin can read this list.

export async function currentCards() {
  const response = await fetch('cards', { cache: 'no-store' });
  const { cards, year } = await response.json();
  return { cards, year: Math.max(year, new Date().getFullYear()) + 4 };
}

// `titles` are the names of the groups, from messages.js.
export function byGroup(cards, titles) {
  return Object.entries(titles)
    .map(([group, title]) => ({ title, cards: cards.filter((card) => card.group === group) }))
    .filter(({ cards: members }) => members.length);
}

export function labelOf({ brand, number, needs }) {
  const card = `${brand.replace('_', ' ')} ••${number.slice(-4)}`;
  return needs ? `${card} · ${needs}` : card;
}

export const cvvOf = ({ brand }) => (brand === 'AMEX' ? '1234' : '123');
