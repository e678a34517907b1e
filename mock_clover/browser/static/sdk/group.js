// The fields of one checkout among themselves. They talk on a broadcast channel, which a browser
// gives to documents of one origin only: what is typed reaches frames of this mock and never the
// page that holds them, whatever it sends, frames or replaces. The channel's name is drawn at
// random for each `new Clover`, so two checkouts on a page know nothing of each other.

const ANSWER_MS = 5_000;

export class Group {
  // `hears`: what this frame does with {ask, brand, fill}; see field.js.
  constructor(name, id, hears) {
    this.id = id;
    this.hears = hears;
    this.waiting = new Map();
    this.channel = new BroadcastChannel(`mock-clover-checkout-${name}`);
    this.channel.onmessage = ({ data }) => this.#hear(data);
  }

  tell(said) {
    this.channel.postMessage(said);
  }

  // Ask fields for their values, by the ids of their frames. A field that is gone answers never.
  async ask(ids) {
    const nonce = Array.from(crypto.getRandomValues(new Uint32Array(4))).join('-');
    const asked = ids.map((id) => this.#expect(`${nonce} ${id}`));
    this.tell({ what: 'ask', nonce, ids });
    return Promise.all(asked);
  }

  #expect(key) {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        this.waiting.delete(key);
        reject(new Error('a card field does not answer: was its frame replaced?'));
      }, ANSWER_MS);
      this.waiting.set(key, (answer) => {
        clearTimeout(late);
        this.waiting.delete(key);
        resolve(answer);
      });
    });
  }

  #hear(said) {
    if (said.what === 'answer') {
      this.waiting.get(`${said.nonce} ${said.id}`)?.(said.answer);
    } else if (said.what !== 'ask') {
      this.hears[said.what]?.(said);
    } else if (said.ids.includes(this.id)) {
      this.tell({ what: 'answer', nonce: said.nonce, id: this.id, answer: this.hears.ask() });
    }
  }
}
