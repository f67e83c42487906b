// What this browser remembers of its visits: of each guardian of each network, the log of the highest life that it saw, and
// those of earlier lives until they were found again as they were. So a guardian that begins a new log, or serves an old one
// again, does not pass for one that is seen for the first time.

const PREFIX = "visit ";

/** The parts of an origin: `guardian-network/<network>/<guardian>/<life>`. */
function parts(origin) {
  const [kind, network, guardian, life] = String(origin).split("/");
  return { log: `${kind}/${network}/${guardian}`, life: BigInt(life) };
}

/** The life of a log, as text. */
export function life(origin) {
  return parts(origin).life.toString();
}

/** The visit that a log of this guardian is compared with, whatever its life; null when it was never seen. */
export function remembered(origin, storage) {
  try {
    const kept = storage ?? localStorage;
    const place = PREFIX + parts(origin).log;
    let highest = null;
    for (let number = 0; number < kept.length; number += 1) {
      const name = kept.key(number);
      // Lives that are to be compared still have names of their own.
      if (name !== place && !name.startsWith(`${place}/`)) continue;
      const visit = JSON.parse(kept.getItem(name));
      const isHigher = highest === null || parts(visit.origin).life > parts(highest.origin).life;
      // Of one life the newer memory is the one under the guardian's own name.
      const isNewer = highest !== null && name === place && parts(visit.origin).life === parts(highest.origin).life;
      if (isHigher || isNewer) highest = visit;
    }
    return highest;
  } catch {
    return null;
  }
}

/** Most earlier lives that are compared at one visit. */
const MOST = 16;

/** Visits to earlier lives of a log that were not found again since, the latest lives first. */
export function pending(origin, storage) {
  try {
    const kept = storage ?? localStorage;
    const { log, life: now } = parts(origin);
    const visits = [];
    for (let number = 0; number < kept.length; number += 1) {
      const name = kept.key(number);
      if (name.startsWith(`${PREFIX}${log}/`)) visits.push(JSON.parse(kept.getItem(name)));
    }
    const earlier = visits.filter((visit) => parts(visit.origin).life < now);
    return earlier.sort((a, b) => (parts(a.origin).life < parts(b.origin).life ? 1 : -1)).slice(0, MOST);
  } catch {
    return [];
  }
}

/** Keeps a visit to a life that is not written any more, until its log was found as it was. */
export function postpone(visit, storage) {
  try {
    const { log, life: seen } = parts(visit.origin);
    (storage ?? localStorage).setItem(`${PREFIX}${log}/${seen}`, JSON.stringify(visit));
  } catch {
    // It is told as seen, and cannot be compared again.
  }
}

/** Forgets a visit to an earlier life: its log was found as it was. */
export function settle(visit, storage) {
  try {
    const { log, life: seen } = parts(visit.origin);
    (storage ?? localStorage).removeItem(`${PREFIX}${log}/${seen}`);
  } catch {
    // It is compared once more.
  }
}

/** Keeps a visit, unless a higher life was seen. */
export function remember(visit, storage) {
  try {
    const kept = storage ?? localStorage;
    const { log, life: seen } = parts(visit.origin);
    const last = remembered(visit.origin, kept);
    if (last && parts(last.origin).life > seen) return;
    kept.setItem(PREFIX + log, JSON.stringify(visit));
  } catch {
    // The next visit is a first one.
  }
}

/** How a log stands to the last visit, in words, by what the verifier found. */
export function words(finding, last, size) {
  return {
    unchanged: `Nothing was added since your last visit, when it had ${last.size} entries.`,
    grown: `It has all ${last.size} entries of your last visit, unchanged, and ${size - last.size} more.`,
    older: `This is an older copy: at your last visit you saw ${last.size} entries of life ${life(last.origin)}.`,
    forked: "It does not contain what it was at your last visit: the guardian signed two histories. Keep both checkpoints.",
    another: `This is another log than the one you saw at your last visit, which was of life ${life(last.origin)} and had ${last.size} entries.`,
  }[finding];
}
