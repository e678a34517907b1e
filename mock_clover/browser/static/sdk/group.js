// Communication between the fields of one checkout, on a broadcast channel. A browser opens the
// channel only to documents of one origin, so values reach the mock's iframes and never the shop's
// page. The channel has a random name for each `new Clover`, which separates checkouts on a page.

const ANSWER_MS = 5_000;

export class Group {
  // `handlers` has a function for each message: ask, brand, join, fill; see field.js.
  constructor(name, id, handlers) {
    this.id = id;
    this.handlers = handlers;
    this.waiting = new Map();
    this.channel = new BroadcastChannel(`mock-clover-checkout-${name}`);
    this.channel.onmessage = ({ data }) => this.#receive(data);
  }

  send(message) {
    this.channel.postMessage(message);
  }

  // Ask fields for their values, by the ids of their iframes. A removed field does not answer.
  async ask(ids) {
    const nonce = Array.from(crypto.getRandomValues(new Uint32Array(4))).join('-');
    const answers = ids.map((id) => this.#expect(`${nonce} ${id}`));
    this.send({ what: 'ask', nonce, ids });
    return Promise.all(answers);
  }

  #expect(key) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.waiting.delete(key);
        reject(new Error('a card field did not respond; was its iframe replaced?'));
      }, ANSWER_MS);
      this.waiting.set(key, (answer) => {
        clearTimeout(timer);
        this.waiting.delete(key);
        resolve(answer);
      });
    });
  }

  #receive(message) {
    const { what, nonce } = message;
    if (what === 'answer') {
      this.waiting.get(`${nonce} ${message.id}`)?.(message.answer);
    } else if (what !== 'ask') {
      this.handlers[what]?.(message);
    } else if (message.ids.includes(this.id)) {
      this.send({ what: 'answer', nonce, id: this.id, answer: this.handlers.ask() });
    }
  }
}
