// What this server says of its log, fetched; and the verifier asked about it.

import { source } from "./source.js";
import { ask } from "./verifier.js";
import { life } from "./visits.js";

/** Rounds in which the verifier may ask for more tiles. */
const ROUNDS = 8;

/** Bytes that are written as text at once: a call takes only so many arguments. */
const PIECE = 8192;

/** A text of this server. */
export async function text(path) {
  const response = await fetch(path, { cache: "no-cache" });
  if (response.ok) return response.text();
  const said = await response.json().then(({ error }) => error.detail, () => `it answered ${response.status}`);
  throw new Error(`This server did not serve ${path}: ${said}.`);
}

/** The newest note of a log with all that it is verified by, as the verifier's question. */
export async function question(network, log) {
  const [key, note] = await Promise.all([text("/v1/key"), text(`${log}/checkpoint`)]);
  const { data } = JSON.parse(key);
  const definition = source(key, ["data", "definition"]);
  const bindings = { ...data.bindings, [data.guardian]: data.binding };
  const keys = Object.entries(bindings).map(([guardian, binding]) => ({ guardian: Number(guardian), binding }));
  return `{"network":${JSON.stringify(network.id)},"definition":${definition},"keys":${JSON.stringify(keys)},"note":${JSON.stringify(note)}}`;
}

/** The newest note of a log, verified: the question, and what the verifier says. `origin` is the log that the page shows. */
export async function verified(network, log, origin) {
  const note = await question(network, log);
  const told = await ask("verify_note", note);
  if (told.ok && told.origin !== origin) {
    return { note, told: { ok: false, error: `This server serves another log in its place: ${told.origin}, and not ${origin}.` } };
  }
  return { note, told };
}

/** A tile as the verifier takes it. */
async function tile(log, path) {
  const response = await fetch(`${log}/${path}`);
  if (!response.ok) throw new Error(`${path} was not served: ${response.status}.`);
  const bytes = new Uint8Array(await response.arrayBuffer());
  let letters = "";
  for (let at = 0; at < bytes.length; at += PIECE) letters += String.fromCharCode(...bytes.subarray(at, at + PIECE));
  return btoa(letters);
}

/** Asks the verifier's `name` about a note, with `more` fields, and brings the tiles that it asks for. */
export async function askWithTiles(name, note, more, log) {
  const tiles = {};
  for (let round = 0; round < ROUNDS; round += 1) {
    const told = await ask(name, `${note.slice(0, -1)},${more},"tiles":${JSON.stringify(tiles)}}`);
    if (!told.need) return told;
    await Promise.all(told.need.map(async (path) => {
      tiles[path] = await tile(log, path);
    }));
  }
  throw new Error("The verifier asked for too many tiles.");
}

/** A Unix time as the pages write it. */
function second(time) {
  const date = new Date(time * 1000);
  // A guardian may write any number.
  if (Number.isNaN(date.getTime())) return `second ${time}`;
  return `${date.toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/** What a note that holds proves, as checks: `[holds, words]`. */
export function signed(told, network) {
  return [
    [true, `The definition served here has the id ${network.id.slice(0, 10)}….`],
    [true, `Guardian ${told.guardian}, whose identity the definition names, bound the log's key and signed ${told.size} entries of its log of life ${life(told.origin)}.`],
    ...told.cosigned.map(({ guardian, time }) => [true, `Guardian ${guardian} saw this log and cosigned on ${second(time)}.`]),
  ];
}
