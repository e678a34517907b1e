// Formatting of times, amounts and durations.

const clock = new Intl.DateTimeFormat("en-GB", {
  hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3,
});
const whole = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const number = new Intl.NumberFormat("en");
const moneys = new Map();

/** Format the time of day, to the millisecond. */
export const timeOf = (ms) => clock.format(ms);

/** Format date and time. */
export const dateOf = (ms) => whole.format(ms);

const short = new Intl.DateTimeFormat(undefined, {
  month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

/** Format date and time to the minute, without the year. */
export const shortDateOf = (ms) => short.format(ms);

const day = new Intl.DateTimeFormat(undefined, { weekday: "short", month: "short", day: "numeric", year: "numeric" });

/** Return the number of a day in local time; it differs between days. */
export function dayOf(ms) {
  const date = new Date(ms);
  return (date.getFullYear() * 12 + date.getMonth()) * 31 + date.getDate();
}

/** Format a day. */
export const dayText = (ms) => day.format(ms);

/** Format a time as ISO 8601, or as a number if it is out of range. */
export function stampOf(ms) {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? String(ms) : date.toISOString();
}

export const count = (n) => number.format(n);

/** Format a measured duration in µs. */
export function latencyText(us) {
  if (us === null || us === undefined) return "–";
  if (us < 1000) return `${us} µs`;
  if (us < 100_000) return `${(us / 1000).toFixed(1)} ms`;
  if (us < 1_000_000) return `${Math.round(us / 1000)} ms`;
  return `${(us / 1_000_000).toFixed(2)} s`;
}

/** Say which share of a duration a fault has. */
export const delayText = (ms) => `of which ${durationOf(ms)} a delay fault`;

/** Format a duration in ms with its largest unit. */
export function durationOf(ms) {
  const steps = [[86_400_000, "d"], [3_600_000, "h"], [60_000, "min"], [1000, "s"]];
  const found = steps.find(([size]) => ms >= size);
  if (!found) return `${ms} ms`;
  const n = ms / found[0];
  return `${Number(n.toFixed(1))} ${found[1]}`;
}

const CLOCK_MS = 100;

/** Format a jump of the clock: `+8 days`. */
export function jumpText(ms) {
  const units = [[86_400_000, "day"], [3_600_000, "hour"], [60_000, "minute"], [1000, "second"]];
  // A running clock goes on while it is moved.
  const whole = units.find(([size]) => ms >= size && Math.abs(ms - Math.round(ms / size) * size) < CLOCK_MS);
  return `+${whole ? countOf(Math.round(ms / whole[0]), whole[1]) : durationOf(ms)}`;
}

/** Format how long ago something was, in whole minutes, hours or days. */
export function agoText(ms) {
  const found = [[86_400_000, "d"], [3_600_000, "h"], [60_000, "min"]].find(([size]) => ms >= size);
  return found ? `${Math.floor(ms / found[0])} ${found[1]} ago` : "just now";
}

/** Format an amount in minor units; an unknown currency is shown as is. */
export function moneyOf(minor, currency) {
  if (minor === null || minor === undefined) return "";
  const code = String(currency ?? "USD").toUpperCase();
  try {
    if (!moneys.has(code)) {
      moneys.set(code, new Intl.NumberFormat("en", { style: "currency", currency: code }));
    }
    const format = moneys.get(code);
    return format.format(minor / 10 ** format.resolvedOptions().maximumFractionDigits);
  } catch {
    return `${number.format(minor)} ${code}`;
  }
}

/** Format a count with its noun: `2 rules`, `1 rule`. */
export const countOf = (n, thing) => `${number.format(n)} ${thing}${n === 1 ? "" : "s"}`;

/** Return a text of the server as this page writes it: "VISA ...4242" as "VISA ••4242", "18.00 USD" as "$18.00". */
export const shownText = (text) => text.replace(/\.\.\.(?=\d{4}\b)/g, "••")
  .replace(/(\d+\.\d\d) ([A-Z]{3})\b/g, (_, amount, currency) => moneyOf(Math.round(amount * 100), currency));
