// Verifies in this browser what this server serves: a dossier, or the log's checkpoint and how it grew.

import { source } from "./source.js";
import { ask } from "./verifier.js";
import { busy, fail, show } from "./verdict.js";
import { remember, remembered, words } from "./visits.js";

/** Rounds in which the verifier may ask for more tiles. */
const ROUNDS = 8;

/** What no verifier that came with the page can prove. */
const ALWAYS = [
  "That this page's scripts are honest: they came from the same server. Compare the scripts' hash with another guardian's page, or use the command line.",
];

async function text(path) {
  const response = await fetch(path, { cache: "no-cache" });
  if (response.ok) return response.text();
  const said = await response.json().then(({ error }) => error.detail, () => `it answered ${response.status}`);
  throw new Error(`This server did not serve ${path}: ${said}.`);
}

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

/** Hashes of a tile as the verifier takes them. */
async function tile(log, path) {
  const response = await fetch(`${log}/${path}`);
  if (!response.ok) throw new Error(`${path} was not served: ${response.status}.`);
  const bytes = new Uint8Array(await response.arrayBuffer());
  const hashes = [];
  for (let at = 0; at < bytes.length; at += 32) {
    hashes.push(`0x${Array.from(bytes.slice(at, at + 32), (byte) => byte.toString(16).padStart(2, "0")).join("")}`);
  }
  return hashes;
}

/** How the log stands to the last visit: a check, `[holds, words]`, and whether it is another log. */
async function grown(log, question, last, size) {
  const tiles = {};
  for (let round = 0; round < ROUNDS; round += 1) {
    const asked = `${question.slice(0, -1)},"last":${JSON.stringify(last)},"tiles":${JSON.stringify(tiles)}}`;
    const told = await ask("verify_consistency", asked);
    if (told.need) {
      for (const path of told.need) tiles[path] = await tile(log, path);
      continue;
    }
    const isAnother = told.finding === "another";
    return { check: [told.ok, words(told.finding, last, size) ?? told.error ?? told.finding], isAnother };
  }
  throw new Error("The verifier asked for too many tiles.");
}

async function checkpoint(host, log) {
  const network = trusted();
  const [key, note] = await Promise.all([text("/v1/key"), text(`${log}/checkpoint`)]);
  const { data } = JSON.parse(key);
  const definition = source(key, ["data", "definition"]);
  const bindings = { ...data.bindings, [data.guardian]: data.binding };
  const keys = Object.entries(bindings).map(([guardian, binding]) => ({ guardian: Number(guardian), binding }));
  const question = `{"network":${JSON.stringify(network.id)},"definition":${definition},"keys":${JSON.stringify(keys)},"note":${JSON.stringify(note)}}`;
  const told = await ask("verify_note", question);
  const checks = [];
  let isFirst = false;
  let isAnother = false;
  if (told.ok) {
    checks.push([true, `The definition served here has the id ${network.id.slice(0, 10)}….`]);
    checks.push([true, `Guardian ${told.guardian}, whose identity the definition names, bound the log's key and signed ${told.size} entries.`]);
    for (const { guardian, time } of told.cosigned) {
      checks.push([true, `Guardian ${guardian} saw this log and cosigned, ${new Date(time * 1000).toISOString()}.`]);
    }
    const last = remembered(told.origin);
    isFirst = !last;
    if (last) {
      const stands = await grown(log, question, last, told.size);
      checks.push(stands.check);
      isAnother = stands.isAnother;
    }
    if (checks.every(([holds]) => holds)) remember({ origin: told.origin, size: told.size, root: told.root });
    else told.ok = false;
  } else {
    checks.push([false, told.error ?? "The checkpoint does not verify."]);
  }
  show(host, {
    good: told.ok,
    title: told.ok ? "The checkpoint holds: the log is signed by the guardian that the network names." : "The log does not hold.",
    checks,
    open: [
      ...aboutId(network),
      ...(told.ok && isAnother
        ? ["That the new log hides nothing of the one you saw: a guardian begins one after it lost a part of its journal. Ask it why."]
        : []),
      ...(told.ok && isFirst
        ? ["That the log only grew: this was your first visit from this browser. The next one is compared with it."]
        : []),
      "That every entry is in the log and can be read: the command line reads them all.",
      "That the entries are true: they are what this guardian says, and what others sealed.",
      ...ALWAYS,
    ],
  });
}

async function run(button, work) {
  const host = button.closest("section").querySelector("[data-verdict]");
  busy(host, "Fetching and checking…");
  button.disabled = true;
  try {
    await work(host);
  } catch (error) {
    fail(host, error);
  } finally {
    button.disabled = false;
  }
}

export function start() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-verify]");
    if (!button) return;
    const { verify, of } = button.dataset;
    run(button, async (host) => {
      if (verify === "dossier") await dossier(host, await text(of));
      else await checkpoint(host, of);
    });
  });
  document.addEventListener("change", (event) => {
    const field = event.target.closest?.("[data-verify-file]");
    if (field?.files.length) run(field, async (host) => dossier(host, await field.files[0].text()));
  });
}
