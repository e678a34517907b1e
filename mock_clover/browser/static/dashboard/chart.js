// The chart: outcomes as stacked bars over a time axis. Its SVG elements are created once and moved, at
// most twice a second. A table has the same data, and the median and the 95th percentile. A click on a
// bar, or a drag over several, limits the list to their time; so do the arrow keys and Enter.

import { BUCKETS, ORDER, WIDTHS } from "./buckets.js";
import { byId, el, replaceContent, setText, svg } from "./dom.js";
import { count, jumpText, latencyText, timeOf } from "./format.js";
import { OUTCOMES } from "./request-log.js";

const DRAW_MS = 500;
const BARS_PX = 34;
const LEFT_PX = 34;
const AXIS_PX = 16;
const TABLE_ROWS = 20;
const TICKS = 5;
const JUMPS_MAX = 4;
const JUMP_PX = 90; // a label needs this space
const NARROW_PX = 460;

export class Chart {
  constructor(buckets, span) {
    this.buckets = buckets;
    this.span = span;
    this.dragMs = null; // where a drag began
    this.cursorMs = null; // the bar that the keyboard is on
    this.cursor = byId("chart-cursor");
    this.width = 0;
    this.px = 0;
    this.jumps = []; // of the sandbox's clock: [time in ms, how far in ms]
    this.drawing = byId("chart-drawing");
    this.make();
    this.listen();
    const widths = byId("chart-widths");
    WIDTHS.forEach(({ name, about }, place) => {
      const input = el("input", {
        type: "radio", name: "width", id: `width-${place}`, checked: place === 0,
        on: { change: () => { Object.assign(this, { width: place, cursorMs: null }); this.draw(); } },
      });
      widths.append(input, el("label", { for: input.id, title: about }, name));
    });
    new ResizeObserver(([entry]) => {
      this.px = entry.contentRect.width;
      this.draw();
    }).observe(this.drawing);
    setInterval(() => document.hidden || !this.drawing.checkVisibility() || this.draw(), DRAW_MS);
  }

  make() {
    this.bars = Array.from({ length: BUCKETS }, () =>
      ORDER.map((name) => svg("rect", { class: `bar ${name}` })));
    this.tips = Array.from({ length: BUCKETS }, () => svg("title"));
    this.areas = this.tips.map((tip) => svg("rect", { class: "area", y: 0, height: BARS_PX }, tip));
    this.top = svg("text", { class: "mark", x: LEFT_PX - 6, y: 10, "text-anchor": "end" });
    this.rule = svg("line", { class: "axis", x1: LEFT_PX, y1: BARS_PX + 0.5, y2: BARS_PX + 0.5 });
    this.ticks = Array.from({ length: TICKS }, () => svg("text", { class: "mark tick", y: BARS_PX + 13 }));
    this.jumpRules = Array.from({ length: JUMPS_MAX }, () => svg("line", { class: "jump", y1: 0, y2: BARS_PX }));
    this.jumpMark = svg("text", { class: "jump-mark", y: 9 });
    this.chosen = svg("rect", { class: "chosen", y: 0, height: BARS_PX });
    this.image = svg("svg", { role: "img", height: BARS_PX + AXIS_PX, width: "100%", "aria-label": "" },
      this.chosen, this.rule, this.bars.flat(), this.top, this.ticks, this.jumpRules, this.jumpMark, this.areas);
    this.drawing.append(this.image);
  }

  listen() {
    this.drawing.addEventListener("pointerdown", (event) => {
      const place = this.placeAt(event);
      this.dragMs = event.button === 0 ? this.series?.[place]?.atMs ?? null : null;
      if (this.dragMs !== null) this.drawing.setPointerCapture(event.pointerId);
    });
    this.drawing.addEventListener("pointerup", (event) => {
      if (this.dragMs === null) return;
      const ms = this.series[Math.min(Math.max(this.placeAt(event), 0), BUCKETS - 1)].atMs;
      this.choose(Math.min(this.dragMs, ms), Math.max(this.dragMs, ms));
      this.dragMs = null;
    });
    this.drawing.addEventListener("pointercancel", () => (this.dragMs = null));
    this.cursor.addEventListener("keydown", (event) => {
      const last = BUCKETS - 1;
      const now = this.cursorPlace;
      const next = { ArrowLeft: now - 1, ArrowRight: now + 1, Home: 0, End: last }[event.key];
      if (next !== undefined) this.cursorMs = this.series[Math.min(Math.max(next, 0), last)].atMs;
      else if (event.key === "Enter" || event.key === " ") this.choose(this.series[now].atMs, this.series[now].atMs);
      else return;
      event.preventDefault();
      this.draw();
    });
    for (const name of ["focus", "blur"]) this.cursor.addEventListener(name, () => this.draw());
  }

  /** Return the number of the bar under the pointer; it may be none. */
  placeAt({ clientX }) {
    const x = clientX - this.image.getBoundingClientRect().left - LEFT_PX;
    return Math.floor(x / ((this.px - LEFT_PX) / BUCKETS));
  }

  /** Limit the list to the bars from one to another. */
  choose(firstMs, lastMs) {
    this.span.choose(firstMs, lastMs + WIDTHS[this.width].ms);
    this.draw();
  }

  /** The bar that the keyboard is on: at first the newest with requests. */
  get cursorPlace() {
    const found = this.series.findIndex(({ atMs }) => atMs === this.cursorMs);
    if (found >= 0) return found;
    return this.cursorMs === null ? Math.max(this.series.findLastIndex(({ total }) => total), 0) : 0;
  }

  draw() {
    const nowMs = Date.now();
    const sum = this.buckets.sum(this.width, nowMs);
    this.showNumbers(sum);
    if (this.px < 120) return;
    const series = this.buckets.series(this.width, nowMs);
    this.series = series;
    const top = Math.max(1, ...series.map((each) => each.total));
    const step = (this.px - LEFT_PX) / BUCKETS;
    series.forEach((each, place) => this.drawBar(each, place, step, top));
    this.rule.setAttribute("x2", this.px);
    this.drawChosen(series[0].atMs, step);
    setText(this.top, count(top));
    this.drawAxis(series, step);
    this.table(series);
  }

  /** Show the span of the list, and the bar that the keyboard is on. */
  drawChosen(startMs, step) {
    const xOf = (ms) => LEFT_PX + Math.max((ms - startMs) / WIDTHS[this.width].ms, 0) * step;
    const { fromMs, toMs, isSet } = this.span;
    this.chosen.setAttribute("x", isSet ? xOf(fromMs) : 0);
    this.chosen.setAttribute("width", isSet ? Math.max(Math.min(xOf(toMs), this.px) - xOf(fromMs), 0) : 0);
    const place = this.cursorPlace;
    const isFocused = document.activeElement === this.cursor;
    if (isFocused) this.cursorMs ??= this.series[place].atMs; // it stays on its bar, which moves
    this.areas.forEach((area, at) => area.classList.toggle("is-current", isFocused && at === place));
    const words = this.tips[place].textContent;
    if (this.cursor.getAttribute("aria-valuetext") === words) return; // it moves each second
    this.cursor.setAttribute("aria-valuenow", place);
    this.cursor.setAttribute("aria-valuetext", words);
  }

  /** Show the times of the axis, and where the sandbox's clock jumped. */
  drawAxis(series, step) {
    const { ms } = WIDTHS[this.width];
    const chars = ms < 60_000 ? 8 : 5;
    const every = BUCKETS / (TICKS - 1);
    this.ticks.forEach((tick, place) => {
      const at = Math.min(place * every, BUCKETS - 1);
      const isLast = place === TICKS - 1;
      tick.setAttribute("x", isLast ? this.px : LEFT_PX + at * step);
      tick.setAttribute("text-anchor", isLast ? "end" : place ? "middle" : "start");
      const isLeftOut = this.px < NARROW_PX && place % 2;
      setText(tick, isLeftOut ? "" : timeOf(series[at].atMs).slice(0, chars));
    });
    const startMs = series[0].atMs;
    const shown = this.jumps.filter(([atMs]) => atMs >= startMs).slice(-JUMPS_MAX);
    const xOf = ([atMs]) => LEFT_PX + ((atMs - startMs) / ms) * step;
    this.jumpRules.forEach((rule, place) => {
      for (const end of ["x1", "x2"]) rule.setAttribute(end, shown[place] ? xOf(shown[place]) : -99);
    });
    const last = shown.at(-1); // labels of several would overlap
    const x = last ? xOf(last) : 0;
    const isFree = (fromPx, toPx) => fromPx >= LEFT_PX && toPx <= this.px && !series.some(({ total }, place) =>
      total && LEFT_PX + (place + 1) * step > fromPx && LEFT_PX + place * step < toPx);
    const isLeft = x > LEFT_PX + JUMP_PX && (isFree(x - JUMP_PX, x) || !isFree(x, x + JUMP_PX)); // it would cover bars
    this.jumpMark.setAttribute("x", isLeft ? x - 4 : x + 4);
    this.jumpMark.setAttribute("text-anchor", isLeft ? "end" : "start");
    setText(this.jumpMark, last ? `clock ${jumpText(last[1])}` : "");
  }

  drawBar(each, place, step, top) {
    const x = LEFT_PX + place * step;
    let y = BARS_PX;
    ORDER.forEach((name, rank) => {
      const bar = this.bars[place][rank];
      const n = each.counts?.[name] ?? 0;
      // One request among a thousand must be visible.
      const height = n ? Math.max((n / top) * (BARS_PX - 4), 1.5) : 0;
      y -= height;
      bar.setAttribute("x", x + 0.5);
      bar.setAttribute("y", y);
      bar.setAttribute("width", Math.max(step - 1.5, 1));
      bar.setAttribute("height", height);
    });
    const counted = ORDER.filter((name) => each.counts?.[name]).map((name) => `${each.counts[name]} ${name}`);
    setText(this.tips[place], `${timeOf(each.atMs).slice(0, 8)}: ${counted.join(", ") || "none"}`);
    this.areas[place].setAttribute("x", x);
    this.areas[place].setAttribute("width", step);
  }

  /** Show the numbers. */
  showNumbers(sum) {
    const { about, ms } = WIDTHS[this.width];
    const rate = sum.total / ((ms * BUCKETS) / 1000);
    setText(byId("sum-rate"), rate >= 10 ? count(Math.round(rate)) : rate.toFixed(1));
    setText(byId("sum-p50"), latencyText(sum.p50 === null ? null : Math.round(sum.p50)));
    setText(byId("sum-p95"), latencyText(sum.p95 === null ? null : Math.round(sum.p95)));
    const parts = ORDER.map((name) => `${sum.counts[name]} ${OUTCOMES[name].word}`).join(", ");
    const words = `Requests in ${about}: ${parts}; median ${latencyText(sum.p50 && Math.round(sum.p50))}, ` +
      `95th percentile ${latencyText(sum.p95 && Math.round(sum.p95))}`;
    if (this.image.getAttribute("aria-label") !== words) this.image.setAttribute("aria-label", words);
  }

  table(series) {
    const details = byId("chart-table");
    if (!details.open) return;
    const newest = series.filter((each) => each.total).slice(-TABLE_ROWS).reverse();
    const lines = newest.map((each) => el("tr", {},
      el("th", { scope: "row" }, timeOf(each.atMs).slice(0, 8)),
      ORDER.map((name) => el("td", {}, count(each.counts[name]))),
      ["p50", "p95"].map((name) => el("td", {}, latencyText(each[name] && Math.round(each[name]))))));
    replaceContent(details.querySelector("tbody"), lines);
  }
}
