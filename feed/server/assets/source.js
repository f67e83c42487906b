// The text of a value inside a JSON text, as it stands there: numbers that a page would round stay what they are.

function skipSpace(text, at) {
  while (" \t\n\r".includes(text[at]) && at < text.length) at += 1;
  return at;
}

/** The place after a string that begins at `at`. */
function afterString(text, at) {
  for (let place = at + 1; place < text.length; place += 1) {
    if (text[place] === "\\") place += 1;
    else if (text[place] === '"') return place + 1;
  }
  throw new Error("a string does not end");
}

/** The place after any value that begins at `at`. */
function afterValue(text, at) {
  if (text[at] === '"') return afterString(text, at);
  let depth = 0;
  for (let place = at; place < text.length; place += 1) {
    const sign = text[place];
    if (sign === '"') place = afterString(text, place) - 1;
    else if (sign === "{" || sign === "[") depth += 1;
    else if (sign === "}" || sign === "]") {
      if (depth === 0) return place;
      depth -= 1;
      if (depth === 0) return place + 1;
    } else if (depth === 0 && (sign === "," || skipSpace(text, place) !== place)) return place;
  }
  return text.length;
}

/** The text of `path` in `text`, a path being names of fields; undefined when there is none. */
export function source(text, path) {
  let at = skipSpace(text, 0);
  for (const name of path) {
    if (text[at] !== "{") return undefined;
    at = skipSpace(text, at + 1);
    let found = false;
    while (text[at] === '"') {
      const end = afterString(text, at);
      const field = JSON.parse(text.slice(at, end));
      const value = skipSpace(text, skipSpace(text, end) + 1);
      if (field === name) {
        at = value;
        found = true;
        break;
      }
      at = skipSpace(text, afterValue(text, value));
      if (text[at] === ",") at = skipSpace(text, at + 1);
    }
    if (!found) return undefined;
  }
  return text.slice(at, afterValue(text, at));
}
