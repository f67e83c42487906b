// The verifier: Rust that the command line runs too, as WebAssembly. Questions and answers are JSON text.

let loaded;

function load() {
  loaded ??= WebAssembly.instantiateStreaming(fetch(new URL("./verify.wasm", import.meta.url)), {}).then(
    ({ instance }) => instance.exports,
    (error) => {
      loaded = undefined;
      throw new Error(`the verifier was not loaded: ${error.message}`);
    },
  );
  return loaded;
}

/** Asks the verifier's `name`; `question` is JSON text. */
export async function ask(name, question) {
  const { alloc, free, memory, [name]: run } = await load();
  const bytes = new TextEncoder().encode(question);
  const place = alloc(bytes.length);
  if (place === 0) throw new Error("it is too large for the verifier");
  new Uint8Array(memory.buffer, place, bytes.length).set(bytes);
  const told = run(place, bytes.length);
  free(place, bytes.length);
  if (told === 0) throw new Error("the verifier ran out of memory");
  const length = new DataView(memory.buffer).getUint32(told, true);
  const answer = new TextDecoder().decode(new Uint8Array(memory.buffer, told + 4, length));
  free(told, length + 4);
  return JSON.parse(answer);
}
