// Outcomes and latencies by time: a bounded number of buckets of three widths, whatever the load.
// Times are when the page heard of an exchange, since a sandbox's clock may stand still or leap.

export const WIDTHS = [
  { name: "1 s", ms: 1000, about: "the last minute" },
  { name: "10 s", ms: 10_000, about: "the last ten minutes" },
  { name: "1 min", ms: 60_000, about: "the last hour" },
];
export const BUCKETS = 60;
export const ORDER = ["ok", "declined", "refused", "failed"];

const STEP = Math.log(1.1); // a latency is known to within five in a hundred
const BINS = 180; // from a microsecond to half a minute

const binOf = (us) => Math.min(BINS - 1, Math.max(0, Math.round(Math.log(Math.max(us, 1)) / STEP)));
const middleOf = (bin) => Math.exp(bin * STEP);

class Bucket {
  constructor(at) {
    this.at = at;
    this.counts = { ok: 0, declined: 0, refused: 0, failed: 0 };
    this.total = 0;
    this.timed = 0;
    this.bins = new Uint32Array(BINS);
  }

  add(entry) {
    this.counts[entry.outcome] += 1;
    this.total += 1;
    if (!entry.took_us) return; // what nobody called took no time
    this.timed += 1;
    this.bins[binOf(entry.took_us)] += 1;
  }
}

/** The latency, in µs, that this share of calls did not exceed; null without calls. */
function percentile(bins, timed, share) {
  if (!timed) return null;
  let left = Math.ceil(timed * share);
  for (let bin = 0; bin < BINS; bin += 1) {
    left -= bins[bin];
    if (left <= 0) return middleOf(bin);
  }
  return middleOf(BINS - 1);
}

export class Buckets {
  constructor() {
    this.rings = WIDTHS.map(() => new Map());
  }

  add(entries) {
    for (const entry of entries) {
      WIDTHS.forEach(({ ms }, place) => {
        const at = Math.floor(entry.heardMs / ms);
        const ring = this.rings[place];
        if (!ring.has(at)) {
          ring.set(at, new Bucket(at));
          for (const old of ring.keys()) if (old <= at - BUCKETS) ring.delete(old);
        }
        ring.get(at).add(entry);
      });
    }
  }

  clear() {
    for (const ring of this.rings) ring.clear();
  }

  /** The buckets of a width up to now, oldest first; each told in plain numbers. */
  series(place, nowMs) {
    const { ms } = WIDTHS[place];
    const end = Math.floor(nowMs / ms);
    const told = [];
    for (let at = end - BUCKETS + 1; at <= end; at += 1) {
      const found = this.rings[place].get(at);
      told.push({
        atMs: at * ms,
        counts: found?.counts ?? null,
        total: found?.total ?? 0,
        p50: found ? percentile(found.bins, found.timed, 0.5) : null,
        p95: found ? percentile(found.bins, found.timed, 0.95) : null,
      });
    }
    return told;
  }

  /** All that a width has, as one bucket. */
  sum(place, nowMs) {
    const oldest = Math.floor(nowMs / WIDTHS[place].ms) - BUCKETS;
    const all = new Bucket(0);
    for (const bucket of this.rings[place].values()) {
      if (bucket.at <= oldest) continue;
      for (const name of ORDER) all.counts[name] += bucket.counts[name];
      all.total += bucket.total;
      all.timed += bucket.timed;
      for (let bin = 0; bin < BINS; bin += 1) all.bins[bin] += bucket.bins[bin];
    }
    return {
      counts: all.counts,
      total: all.total,
      p50: percentile(all.bins, all.timed, 0.5),
      p95: percentile(all.bins, all.timed, 0.95),
    };
  }
}
