// Verifies in this browser what this server serves: a dossier, the log's checkpoint and how it grew, or one of its entries.

import { ask } from "./verifier.js";
import { askWithTiles, signed, text, verified } from "./notes.js";
import { busy, fail, show } from "./verdict.js";
import { life, pending, postpone, remember, remembered, settle, words } from "./visits.js";

/** What no verifier that came with the page can prove. */
const ALWAYS = [
  "That this page's scripts are honest: they came from the same server. Compare the scripts' hash with another guardian's page, or use the command line.",
];

/** The network id that the reader trusts: typed, or this server's own. */
function trusted() {
  const field = document.querySelector("[data-network]");
  const typed = document.querySelector("[data-trusted]")?.value.trim();
  return { id: typed || field.dataset.network, own: Boolean(typed) };
}

function aboutId({ id, own }) {
  if (own) return [];
  return [`That ${id.slice(0, 10)}… is the network you mean: the id was taken from this page. Enter one that you know from elsewhere.`];
}

function held({ ok, proven_exit: proven }) {
  if (!ok) return "The dossier does not hold.";
  if (!proven) return "The dossier holds, and no exit is proven by it yet.";
  return "The dossier holds: every signature, hash and proof in it.";
}

async function dossier(host, document) {
  const network = trusted();
  const report = await ask("verify_dossier", JSON.stringify({ network: network.id, dossier: document }));
  const checks = (report.checks ?? []).map(({ ok, words }) => [ok, words]);
  if (report.error) checks.push([false, report.error]);
  show(host, {
    good: report.ok,
    title: held(report),
    checks,
    open: [
      ...aboutId(network),
      "That the log has nothing else about this exit: who reads the whole log finds out.",
      "That and when a block has the exit: this is the guardian's word. What the chain looks like today: any node tells.",
      ...ALWAYS,
    ],
  });
}

/** How the log stands to the last visit: a check, `[holds, words]`, and whether it is another log. */
async function grown(log, note, last, size) {
  const told = await askWithTiles("verify_consistency", note, `"last":${JSON.stringify(last)}`, log);
  const isAnother = told.finding === "another";
  const isOlder = told.finding === "older";
  return { check: [told.ok, words(told.finding, last, size) ?? told.error ?? told.finding], isAnother, isOlder };
}

/** A log of an earlier life that was seen: a check, or what stays open; and whether it was found as it was. */
async function found(network, before) {
  const name = `The log that you saw, of life ${life(before.origin)}`;
  const was = `${before.size} entries under the root ${before.root}`;
  const open = (why) => ({ open: `${name}, is still what it was: ${why} You saw ${was}; compare them with what a mirror has.` });
  const { data } = JSON.parse(await text("/v1/logs"));
  const earlier = data.find(({ origin }) => origin === before.origin);
  if (!earlier) return open("this server does not serve it any more.");
  const log = `/log/${encodeURIComponent(earlier.id)}`;
  const { note, told: signs } = await verified(network, log, before.origin);
  if (!signs.ok) return { check: [false, `${name}: ${signs.error}`] };
  const told = await askWithTiles("verify_consistency", note, `"last":${JSON.stringify(before)}`, log);
  if (told.finding === "older") return open("this server serves less of it than you saw.");
  const size = before.size + (told.by ?? 0);
  return { check: [told.ok, `${name}: ${words(told.finding, before, size) ?? told.error}`], isSettled: told.ok };
}

/** How a log that holds stands to the last visit: checks, and what stays open. */
async function revisited(network, note, log, told) {
  const last = remembered(told.origin);
  if (!last) {
    return { checks: [], open: ["That the log only grew: this was your first visit from this browser. The next one is compared with it."] };
  }
  const { check, isAnother, isOlder } = await grown(log, note, last, told.size);
  const [checks, open] = [[check], []];
  if (isAnother) {
    // What was seen of it is kept until it was found again.
    postpone(last);
    open.push("That the new log hides nothing of the one you saw: a guardian begins one after it lost a part of its journal. Ask it why.");
  }
  for (const before of pending(told.origin)) {
    const stands = await found(network, before);
    if (stands.open) open.push(stands.open);
    else checks.push(stands.check);
    if (stands.isSettled) settle(before);
  }
  return { checks, open, isOlder };
}

function title(good, { isOlder }) {
  if (good) return "The checkpoint holds: the log is signed by the guardian that the network names.";
  return isOlder ? "This is less than what you saw at your last visit." : "The log does not hold.";
}

async function checkpoint(host, log, origin) {
  const network = trusted();
  const { note, told } = await verified(network, log, origin);
  let stands = { checks: [[false, told.error ?? "The checkpoint does not verify."]], open: [] };
  if (told.ok) stands = await revisited(network, note, log, told);
  const good = stands.checks.every(([holds]) => holds);
  if (good) remember({ origin: told.origin, size: told.size, root: told.root });
  show(host, {
    good,
    title: title(good, stands),
    checks: [...(told.ok ? signed(told, network) : []), ...stands.checks],
    open: [
      ...aboutId(network),
      ...stands.open,
      "That every entry is in the log and can be read: the command line reads them all. Below, this page proves any single one.",
      "That the entries are true: they are what this guardian says, and what others sealed.",
      ...ALWAYS,
    ],
  });
}

/** One entry: that these bytes, and no others, are in this place of the tree that is signed. */
async function entry(host, log, origin, index) {
  const network = trusted();
  const { note, told } = await verified(network, log, origin);
  if (told.ok && BigInt(index) >= BigInt(told.size)) {
    throw new Error(`The newest signed checkpoint has ${told.size} entries, and not yet number ${index}. Try again in some seconds.`);
  }
  const proof = told.ok ? await askWithTiles("verify_entry", note, `"index":${index}`, log) : told;
  const checks = told.ok ? signed(told, network) : [];
  if (proof.ok) {
    checks.push([true, `Its ${proof.bytes} bytes are entry ${index}, counted from 0, of the ${proof.size} under the signed root ${proof.root}: computed from the log's tiles, each of which fits that root.`]);
  } else {
    checks.push([false, proof.error ?? "The entry is not proven."]);
  }
  show(host, {
    good: proof.ok,
    title: proof.ok ? `Entry ${index} is in the log: ${kind(proof.kind)}.` : `Entry ${index} is not proven.`,
    checks,
    shown: proof.ok ? ["The entry, as it was proven", proof.text] : undefined,
    open: [
      ...aboutId(network),
      ...(told.ok && told.cosigned.length === 0 ? ["That others were shown the same log: no guardian whose key is known here cosigned it."] : []),
      "That the log only grew since your last visit: “Verify this log” compares.",
      "That the entry is true: it is what this guardian says, or what somebody sealed.",
      ...ALWAYS,
    ],
  });
}

/** What an entry says that it is; nothing that is shown as more than text. */
function kind(code) {
  return code ? `it is of the kind “${code.replaceAll("_", " ")}”` : "it is of no kind that is known here";
}

/** Verdicts that are being made. */
const running = new WeakSet();

async function run(button, say, work) {
  const host = button.closest("li[data-entry], section").querySelector("[data-verdict]");
  if (running.has(host)) return;
  running.add(host);
  // Not `disabled`: that would take the focus away.
  button.setAttribute("aria-disabled", "true");
  busy(host, "Fetching and checking…");
  say("Fetching and checking");
  try {
    await work(host);
  } catch (error) {
    fail(host, error);
  } finally {
    running.delete(host);
    button.removeAttribute("aria-disabled");
  }
  say(host.querySelector(".mark")?.textContent ?? "");
}

/** `say` speaks to screen readers: the verdict's first line, not all of it. */
export function start(say) {
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-verify]");
    if (!button) return;
    const { verify, of, origin, index } = button.dataset;
    run(button, say, async (host) => {
      if (verify === "dossier") await dossier(host, await text(of));
      else if (verify === "entry") await entry(host, of, origin, index);
      else await checkpoint(host, of, origin);
    });
  });
  document.addEventListener("change", (event) => {
    const field = event.target.closest?.("[data-verify-file]");
    if (!field?.files.length) return;
    const [file] = field.files;
    run(field, say, async (host) => dossier(host, await file.text()));
    // The same file may be chosen again.
    field.value = "";
  });
}
