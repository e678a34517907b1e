// The chart: outcomes as stacked bars, and the median and the 95th percentile as lines below them.
// Its SVG elements are created once and moved, at most twice a second. A table has the same data.

import { BUCKETS, ORDER, WIDTHS } from "./buckets.js";
import { byId, el, replaceContent, setText, svg } from "./dom.js";
import { count, durationOf, latencyText, timeOf } from "./format.js";
import { OUTCOMES } from "./request-log.js";

const DRAW_MS = 500;
const BARS_PX = 74;
const GAP_PX = 12;
const LINES_PX = 36;
const LEFT_PX = 52;
const AXIS_PX = 20;
const TABLE_ROWS = 20;
const TICKS = 5;
const JUMPS_MAX = 4;
const NARROW_PX = 460;

export class Chart {
  constructor(buckets) {
    this.buckets = buckets;
    this.width = 0;
    this.px = 0;
    this.jumps = []; // of the sandbox's clock: [time in ms, how far in ms]
    this.drawing = byId("chart-drawing");
    this.make();
    const widths = byId("chart-widths");
    WIDTHS.forEach(({ name, about }, place) => {
      const input = el("input", {
        type: "radio", name: "width", id: `width-${place}`, checked: place === 0,
        on: { change: () => { this.width = place; this.draw(); } },
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
    const height = BARS_PX + GAP_PX + LINES_PX + AXIS_PX;
    this.bars = Array.from({ length: BUCKETS }, () =>
      ORDER.map((name) => svg("rect", { class: `bar ${name}` })));
    this.lines = ["p95", "p50"].map((name) => svg("path", { class: `line ${name}` }));
    this.marks = [0, 1].map(() => svg("text", { class: "mark", x: LEFT_PX - 8, "text-anchor": "end" }));
    this.rules = [BARS_PX, BARS_PX + GAP_PX + LINES_PX].map((y) =>
      svg("line", { class: "axis", x1: LEFT_PX, y1: y + 0.5, y2: y + 0.5 }));
    const axisY = BARS_PX + GAP_PX + LINES_PX + 14;
    this.ticks = Array.from({ length: TICKS }, () => svg("text", { class: "mark tick", y: axisY }));
    this.jumpMarks = Array.from({ length: JUMPS_MAX }, () => [
      svg("line", { class: "jump", y1: 0, y2: BARS_PX + GAP_PX + LINES_PX }),
      svg("text", { class: "jump-mark", y: 10 })]);
    this.image = svg("svg", { role: "img", height, width: "100%", "aria-label": "" },
      this.rules, this.bars.flat(), this.lines, this.marks, this.ticks, this.jumpMarks.flat());
    this.drawing.append(this.image);
  }

  draw() {
    const nowMs = Date.now();
    const sum = this.buckets.sum(this.width, nowMs);
    this.showNumbers(sum);
    if (this.px < 120) return;
    const series = this.buckets.series(this.width, nowMs);
    const top = Math.max(1, ...series.map((each) => each.total));
    const slow = Math.max(1, ...series.map((each) => each.p95 ?? 0));
    const step = (this.px - LEFT_PX) / BUCKETS;
    series.forEach((each, place) => this.drawBar(each, place, step, top));
    ["p95", "p50"].forEach((name, place) =>
      this.lines[place].setAttribute("d", this.path(series, name, step, slow)));
    for (const rule of this.rules) rule.setAttribute("x2", this.px);
    setText(this.marks[0], count(top));
    this.marks[0].setAttribute("y", 10);
    setText(this.marks[1], latencyText(Math.round(slow)));
    this.marks[1].setAttribute("y", BARS_PX + GAP_PX + 10);
    this.drawAxis(series, step);
    this.table(series);
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
    this.jumpMarks.forEach(([rule, mark], place) => {
      const [atMs, byMs] = shown[place] ?? [null, 0];
      const x = atMs === null ? -99 : LEFT_PX + ((atMs - startMs) / ms) * step;
      for (const end of ["x1", "x2"]) rule.setAttribute(end, x);
      mark.setAttribute("x", x - 4);
      mark.setAttribute("text-anchor", "end");
      setText(mark, atMs === null ? "" : `clock +${durationOf(byMs)}`);
    });
  }

  drawBar(each, place, step, top) {
    let y = BARS_PX;
    ORDER.forEach((name, rank) => {
      const bar = this.bars[place][rank];
      const n = each.counts?.[name] ?? 0;
      // One request among a thousand must be visible.
      const height = n ? Math.max((n / top) * (BARS_PX - 4), 1.5) : 0;
      y -= height;
      bar.setAttribute("x", LEFT_PX + place * step + 0.5);
      bar.setAttribute("y", y);
      bar.setAttribute("width", Math.max(step - 1.5, 1));
      bar.setAttribute("height", height);
    });
  }

  path(series, name, step, slow) {
    const bottom = BARS_PX + GAP_PX + LINES_PX;
    let drawn = "";
    let isDown = false;
    series.forEach((each, place) => {
      if (each[name] === null) {
        isDown = false;
        return;
      }
      const x = LEFT_PX + (place + 0.5) * step;
      const y = bottom - (each[name] / slow) * (LINES_PX - 3) - 1;
      drawn += `${isDown ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`;
      if (!isDown) drawn += `h${Math.max(step * 0.3, 1).toFixed(1)}`; // a single point is drawn as a dash
      isDown = true;
    });
    return drawn;
  }

  /** Show the numbers. */
  showNumbers(sum) {
    const { about, ms } = WIDTHS[this.width];
    const rate = sum.total / ((ms * BUCKETS) / 1000);
    for (const name of ORDER) setText(byId(`sum-${name}`), count(sum.counts[name]));
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
