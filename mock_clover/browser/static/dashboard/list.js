// A virtual list: only visible rows exist, they are recycled, and all have the same height.
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
    this.topId = null; // the newest item when it was last drawn
    this.canvas = el("div", { class: "canvas", role: "presentation" });
    scroller.append(this.canvas);
    scroller.addEventListener("scroll", () => this.draw(), { passive: true });
    new ResizeObserver(() => this.measure()).observe(scroller);
    this.measure();
  }

  measure() {
    this.rowPx = parseFloat(getComputedStyle(this.scroller).getPropertyValue("--row")) || 32;
    this.viewPx = this.scroller.clientHeight;
    if (this.rows.has(this.cursorId)) this.reveal(this.placeOf(this.cursorId));
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

  /** Set the items, oldest first; the scroll position is kept unless it is at the newest. */
  show(items) {
    this.items = items;
    const stays = this.scroller.scrollTop > 0 || this.cursorId !== null;
    const added = stays && this.topId !== null ? this.newerThan(this.topId) : 0;
    if (this.cursorId !== null && this.placeOf(this.cursorId) < 0) this.cursorId = this.nearest();
    this.topId = items.at(-1)?.id ?? null;
    this.canvas.style.height = `${items.length * this.rowPx}px`;
    if (added > 0) this.scroller.scrollTop += added * this.rowPx;
    this.draw();
  }

  /** Return how many items are newer than an id. */
  newerThan(id) {
    let count = 0;
    for (let place = this.items.length - 1; place >= 0 && this.items[place].id > id; place -= 1) {
      count += 1;
    }
    return count;
  }

  /** Return the item next to a cursor whose item was removed. */
  nearest() {
    const newer = this.items.find((item) => item.id > this.cursorId);
    return (newer ?? this.items[0])?.id ?? null;
  }

  get hiddenAbove() {
    return Math.floor(this.scroller.scrollTop / this.rowPx);
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
    this.free.push(this.rows.get(id));
    this.rows.delete(id);
  }

  hide(row) {
    if (row.hidden) return;
    row.hidden = true;
    for (const name of ["id", "aria-posinset", "aria-setsize", "aria-selected"]) row.removeAttribute(name);
  }

  /** Remove all rows: new items may have the same ids. */
  reset() {
    for (const id of this.rows.keys()) this.release(id);
    this.cursorId = null;
    this.topId = null;
    this.scroller.scrollTop = 0;
  }

  put(id, place) {
    let row = this.rows.get(id);
    if (!row) {
      row = this.free.pop() ?? this.canvas.appendChild(this.make());
      row.hidden = false;
      row.id = `x-${id}`;
      this.rows.set(id, row);
      this.fill(row, this.at(place));
    }
    row.style.transform = `translateY(${place * this.rowPx}px)`;
    row.setAttribute("aria-posinset", place + 1);
    row.setAttribute("aria-setsize", this.items.length);
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

  /** Scroll an index into view. */
  reveal(place) {
    const px = place * this.rowPx;
    const { scrollTop } = this.scroller;
    if (px < scrollTop) this.scroller.scrollTop = px;
    else if (px + this.rowPx > scrollTop + this.viewPx) {
      this.scroller.scrollTop = px + this.rowPx - this.viewPx;
    }
  }

  /** Move the cursor by a number of rows; without a cursor, start at the first visible row. */
  step(by) {
    if (!this.items.length) return;
    const now = this.placeOf(this.cursorId);
    const isStep = Math.abs(by) <= 1;
    const next = now >= 0 ? now + by : this.hiddenAbove + (isStep ? 0 : by);
    this.moveTo(this.at(Math.min(Math.max(next, 0), this.items.length - 1)).id);
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
