// A span of time to which the list is limited: chosen in the chart, shown as a chip that removes it.

import { announce } from "./dialogs.js";
import { byId, setText } from "./dom.js";
import { dayOf, dayText, timeOf } from "./format.js";

export class Span {
  /** `onChange()` is called when the user sets or removes the span. */
  constructor(onChange) {
    this.onChange = onChange;
    this.fromMs = null; // by the clock of this machine, as in the chart
    this.toMs = null; // exclusive
    byId("span").addEventListener("click", () => this.choose(null, null));
  }

  /** Set or remove the span for the user. */
  choose(fromMs, toMs) {
    const hadFocus = document.activeElement === byId("span");
    this.set(fromMs, toMs);
    if (hadFocus) byId("list").focus(); // the chip is gone
    announce(() => (this.isSet ? `Only requests from ${this.words}.` : "Requests of all times."));
    this.onChange();
  }

  set(fromMs, toMs) {
    Object.assign(this, { fromMs, toMs });
    byId("span").hidden = !this.isSet;
    if (this.isSet) setText(byId("span"), `◷ ${this.words} ×`);
  }

  get isSet() {
    return this.fromMs !== null;
  }

  get words() {
    const time = (ms) => timeOf(ms).slice(0, 8);
    const day = dayOf(this.fromMs) === dayOf(Date.now()) ? "" : `${dayText(this.fromMs)}, `;
    return `${day}${time(this.fromMs)} to ${time(this.toMs)}`;
  }

  has(atMs) {
    return !this.isSet || (atMs >= this.fromMs && atMs < this.toMs);
  }

  /** Read the span from the query of an address. */
  read(query) {
    const [from, to] = ["from", "to"].map((name) => Number(query.get(name) || NaN));
    const isValid = Number.isFinite(dayOf(from)) && Number.isFinite(dayOf(to)) && from < to;
    this.set(isValid ? from : null, isValid ? to : null);
  }

  /** Write the span to the query of an address. */
  write(query) {
    if (!this.isSet) return;
    query.set("from", this.fromMs);
    query.set("to", this.toMs);
  }
}
