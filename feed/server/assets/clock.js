// Says how long ago something is, while time goes on. `data-at` holds Unix seconds.

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

function span(seconds) {
  const days = Math.floor(seconds / DAY);
  const hours = Math.floor((seconds % DAY) / HOUR);
  const minutes = Math.floor((seconds % HOUR) / MINUTE);
  if (days > 6) return `${days} d`;
  if (days > 0) return hours > 0 ? `${days} d ${hours} h` : `${days} d`;
  if (hours > 0) return minutes > 0 ? `${hours} h ${minutes} min` : `${hours} h`;
  if (minutes > 0) return `${minutes} min`;
  return `${seconds} s`;
}

/** How far `at` is from `now`, both Unix seconds, in the words the server uses too. */
export function relative(now, at) {
  const far = Math.abs(now - at);
  if (far < 2) return "now";
  return at < now ? `${span(far)} ago` : `in ${span(far)}`;
}

/** Unix seconds. */
export function now() {
  return Math.floor(Date.now() / 1000);
}

/** Renews every relative time below `root`. */
export function renew(root = document) {
  const present = now();
  for (const element of root.querySelectorAll("[data-at]")) {
    const text = relative(present, Number(element.dataset.at));
    if (element.textContent !== text) element.textContent = text;
  }
}

/** Keeps them new as long as somebody looks. */
export function start() {
  renew();
  setInterval(() => {
    if (!document.hidden) renew();
  }, 1000);
}
