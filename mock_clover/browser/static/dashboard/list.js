// A virtual list: only visible rows exist, they are recycled, and all have the same height. An item with
// `line` is a line between others, such as a date: it is not an option and the cursor skips it.
// The focus stays on the list itself (aria-activedescendant), so that no update can move it.

import { el } from "./dom.js";

const BEYOND = 6; // extra rows above and below the visible ones

export class LongList {
  /**
   * `make()` returns a new row, `fill(row, item)` shows an item in it; ids of items are ascending.
   * `onMove(item)` is called when the user moves the cursor.
   */
  constructor(scroller, { make, fill, onMove }) {
    this.scroller = scroller;
    this.make = make;
    this.fill = fill;
    this.onMove = onMove;
    this.items = [];
    this.cursorId = null;
    this.rows = new Map();
    this.free = [];
    this.linePlaces = []; // ascending
    this.canvas = el("div", { class: "canvas", role: "presentation" });
    scroller.append(this.canvas);
    scroller.addEventListener("scroll", () => this.draw(), { passive: true });
    new ResizeObserver(() => this.measure()).observe(scroller);
    this.measure();
  }

  measure() {
    this.rowPx = parseFloat(getComputedStyle(this.scroller).getPropertyValue("--row")) || 32;
    const wasHidden = !this.viewPx;
    this.viewPx = this.scroller.clientHeight;
    this.canvas.style.height = `${this.items.length * this.rowPx}px`;
    const place = this.placeOf(this.cursorId);
    if (place >= 0 && (wasHidden || this.rows.has(this.cursorId))) this.reveal(place);
    this.draw();
  }

  /** Return the item at an index, counted from the newest. */
  at(place) {
    return this.items[this.items.length - 1 - place];
  }

  placeOf(id) {
    if (id === null) return -1;
    let low = 0;
    let high = this.items.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.items[middle].id < id) low = middle + 1;
      else high = middle;
    }
    return this.items[low]?.id === id ? this.items.length - 1 - low : -1;
  }

  /** Set the items, oldest first; with `isSame`, visible ones stay unless the newest is in view. */
  show(items, isSame) {
    const stays = isSame && (this.scroller.scrollTop > 0 || this.cursorId !== null);
    const anchorId = stays ? this.at(this.firstOption())?.id ?? null : null;
    const before = this.placeOf(anchorId);
    this.items = items;
    this.linePlaces = items.flatMap((item, index) => (item.line ? [items.length - 1 - index] : [])).reverse();
    if (this.cursorId !== null && this.placeOf(this.cursorId) < 0) this.cursorId = this.nearest();
    this.canvas.style.height = `${items.length * this.rowPx}px`;
    if (anchorId !== null) {
      const after = this.placeOf(anchorId); // -1: it was among the oldest, which were removed
      this.scroller.scrollTop += (after < 0 ? items.length : after - before) * this.rowPx;
    }
    this.draw();
  }

  /** Return the index of the first visible option. */
  firstOption() {
    let place = this.firstPlace;
    while (this.at(place)?.line) place += 1;
    return place;
  }

  /** Return how many lines are above an index. */
  linesAbove(place) {
    return this.linePlaces.filter((each) => each < place).length;
  }

  /** Return the item next to a cursor whose item was removed. */
  nearest() {
    const options = this.items.filter((item) => !item.line);
    return (options.find((item) => item.id > this.cursorId) ?? options[0])?.id ?? null;
  }

  get firstPlace() {
    return Math.floor(this.scroller.scrollTop / this.rowPx);
  }

  /** The number of options above the visible ones. */
  get hiddenAbove() {
    return this.firstPlace - this.linesAbove(this.firstPlace);
  }

  draw() {
    if (!this.viewPx) return;
    const top = this.scroller.scrollTop;
    const first = Math.max(0, Math.floor(top / this.rowPx) - BEYOND);
    const end = Math.min(this.items.length, Math.ceil((top + this.viewPx) / this.rowPx) + BEYOND);
    const wanted = new Map();
    for (let place = first; place < end; place += 1) wanted.set(this.at(place).id, place);
    for (const id of this.rows.keys()) if (!wanted.has(id)) this.release(id);
    for (const [id, place] of wanted) this.put(id, place);
    for (const row of this.free) this.hide(row);
    const active = this.cursorId !== null && this.rows.has(this.cursorId);
    if (active) this.scroller.setAttribute("aria-activedescendant", `x-${this.cursorId}`);
    else this.scroller.removeAttribute("aria-activedescendant");
  }

  release(id) {
    this.clean(this.rows.get(id));
    this.free.push(this.rows.get(id));
    this.rows.delete(id);
  }

  hide(row) {
    if (row.hidden) return;
    row.hidden = true;
  }

  clean(row) {
    for (const name of ["id", "aria-posinset", "aria-setsize", "aria-selected"]) row.removeAttribute(name);
  }

  /** Remove all rows: new items may have the same ids. */
  reset() {
    for (const id of this.rows.keys()) this.release(id);
    this.cursorId = null;
    this.scroller.scrollTop = 0;
  }

  put(id, place) {
    let row = this.rows.get(id);
    const isNew = !row;
    if (isNew) {
      row = this.free.pop() ?? this.canvas.appendChild(this.make());
      row.hidden = false;
      row.id = `x-${id}`;
      this.rows.set(id, row);
    }
    const item = this.at(place);
    if (isNew || item.line) this.fill(row, item);
    row.style.transform = `translateY(${place * this.rowPx}px)`;
    row.setAttribute("role", item.line ? "none" : "option");
    if (item.line) return;
    row.setAttribute("aria-posinset", place + 1 - this.linesAbove(place));
    row.setAttribute("aria-setsize", this.items.length - this.linePlaces.length);
    row.setAttribute("aria-selected", id === this.cursorId);
  }

  /** Move the cursor to an item and scroll it into view. */
  moveTo(id, told = true) {
    const place = this.placeOf(id);
    if (place < 0) return;
    this.cursorId = id;
    this.reveal(place);
    this.draw();
    if (told) this.onMove(this.at(place));
  }

  /** Scroll an index into view, with the one after it: a button covers a part of the last visible one. */
  reveal(place) {
    const px = place * this.rowPx;
    const { scrollTop } = this.scroller;
    if (px < scrollTop) this.scroller.scrollTop = px;
    else if (px + 2 * this.rowPx > scrollTop + this.viewPx) {
      this.scroller.scrollTop = px + 2 * this.rowPx - this.viewPx;
    }
  }

  /** Move the cursor by a number of rows; without a cursor, start at the first visible row. */
  step(by) {
    const last = this.items.length - 1;
    if (last < 0) return;
    const now = this.placeOf(this.cursorId);
    const isStep = Math.abs(by) <= 1;
    let next = Math.min(Math.max(now >= 0 ? now + by : this.firstPlace + (isStep ? 0 : by), 0), last);
    for (const direction of by < 0 ? [-1, 1] : [1, -1]) {
      while (this.at(next)?.line) next += direction;
      if (this.at(next)) break;
      next = direction < 0 ? 0 : last;
    }
    this.moveTo(this.at(next).id);
  }

  get pageRows() {
    return Math.max(1, Math.floor(this.viewPx / this.rowPx) - 1);
  }

  /** Go to the newest item and follow new ones. */
  toTop() {
    this.cursorId = null;
    this.scroller.scrollTop = 0;
    this.draw();
  }
}
