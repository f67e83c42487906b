// One validator as a row of the long list. The words for codes come from the page.

import { now, relative } from "./clock.js";

const CELLS = 8;

function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function short(hex) {
  return hex.length > 14 ? `${hex.slice(0, 6)}…${hex.slice(-4)}` : hex;
}

function mark([tone, text]) {
  return element("span", text, `mark ${tone}`);
}

function code(hex, to) {
  const link = element("a");
  link.href = to;
  link.title = hex;
  link.append(element("code", short(hex)));
  return link;
}

/** Gwei as decimal text, in ETH, cut after four digits. */
function eth(gwei) {
  const digits = gwei.padStart(10, "0");
  const whole = Number(digits.slice(0, -9)).toLocaleString("en");
  const rest = digits.slice(-9, -5).replace(/0+$/, "");
  return `${rest ? `${whole}.${rest}` : whole} ETH`;
}

function attests(one) {
  if (!one.status?.startsWith("active")) return "–";
  if (one.dark_epochs > 0) return `dark for ${one.dark_epochs.toLocaleString("en")} ${one.dark_epochs === 1 ? "epoch" : "epochs"}`;
  return one.last_live ? "attests" : "not seen";
}

function name(one) {
  const cell = element("span");
  const to = `/validators/${one.pubkey}`;
  if (Number.isInteger(one.index)) {
    const index = element("a");
    index.href = to;
    index.append(element("b", String(one.index)));
    cell.append(index, " ");
  }
  cell.append(code(one.pubkey, to));
  return cell;
}

function tickets(one) {
  const floor = one.health === "gone" || one.health === "pending" ? null : one.runway?.floor;
  if (!floor) return element("span", "–");
  if (floor.epochs === 0) return mark(["bad", "below the floor"]);
  const made = element("span", relative(now(), floor.at), "ago");
  made.dataset.at = floor.at;
  return made;
}

function cells(one, words, guardians) {
  const health = mark(words.health[one.health] ?? ["none", one.health]);
  if (one.dangers?.length) health.title = one.dangers[0].detail;
  return [
    name(one),
    health,
    element("span", attests(one)),
    tickets(one),
    element("span", `${one.ready.length} of ${guardians}`),
    element("span", one.balance ? eth(one.balance) : "–"),
    one.operator ? code(one.operator, `/operators/${one.operator}`) : element("span", "–"),
    mark(words.status[one.status] ?? ["none", "Not on the chain yet"]),
  ];
}

/** An empty row, until its validator is here. */
export function blank() {
  const row = element("tr", undefined, "blank");
  for (let place = 0; place < CELLS; place += 1) {
    const cell = element(place === 0 ? "th" : "td");
    if (place === 0) cell.scope = "row";
    if (place === 4 || place === 5) cell.className = "number";
    row.append(cell);
  }
  return row;
}

/** Fills a row. Says whether anything changed. A cell that says the same stays, and with it the focus on its link. */
export function fill(row, one, words, guardians) {
  const text = JSON.stringify(one);
  if (row.shown === text) return false;
  row.shown = text;
  row.classList.remove("blank");
  cells(one, words, guardians).forEach((content, place) => {
    const cell = row.children[place];
    if (!cell.firstChild?.isEqualNode(content)) cell.replaceChildren(content);
  });
  return true;
}
