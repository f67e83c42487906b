// Runs the page's verifier on questions and prints its answers, a line each.
//
//   node check.mjs verify.wasm < questions
//
// A question is a line of JSON: {"ask": "verify_dossier", "question": {...}, "times": 1}.
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";

const { instance } = await WebAssembly.instantiate(await readFile(process.argv[2]), {});
const { memory, alloc, free, ...exported } = instance.exports;

function ask(name, question) {
  const bytes = new TextEncoder().encode(question);
  const place = alloc(bytes.length);
  new Uint8Array(memory.buffer, place, bytes.length).set(bytes);
  const answer = exported[name](place, bytes.length);
  free(place, bytes.length);
  const length = new DataView(memory.buffer).getUint32(answer, true);
  const text = new TextDecoder().decode(new Uint8Array(memory.buffer, answer + 4, length));
  free(answer, length + 4);
  return text;
}

for await (const line of createInterface({ input: process.stdin })) {
  const { ask: name, question, times = 1 } = JSON.parse(line);
  let answer;
  const begun = performance.now();
  for (let n = 0; n < times; n++) answer = ask(name, question);
  const took = (performance.now() - begun) / times;
  console.log(JSON.stringify({ answer, took, memory: memory.buffer.byteLength }));
}
