// What was checked, in words: what holds, what does not, and what nobody can prove here.

function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function list(title, items) {
  if (items.length === 0) return [];
  const all = element("ul", undefined, "verdicts");
  for (const [state, text] of items) {
    const item = element("li", undefined, state);
    const word = { yes: "Holds: ", no: "Does not hold: ", open: "Not proven: " }[state];
    item.append(element("span", word, "unseen"), text.charAt(0).toUpperCase() + text.slice(1));
    all.append(item);
  }
  return [element("h3", title), all];
}

/** Says that something is under way. */
export function busy(host, text) {
  host.replaceChildren(element("p", text, "soft"));
}

/** Something to look at, as text: `[title, text]`. */
function closer(shown) {
  if (!shown) return [];
  const [title, text] = shown;
  const block = element("pre");
  block.tabIndex = 0;
  block.append(element("code", text));
  return [element("h3", title), block];
}

/** Shows a verdict: `checks` are `[holds, words]`, `shown` is what they are about, `open` is what was not proven. */
export function show(host, { good, title, checks, shown, open }) {
  const box = element("div", undefined, `note-box ${good ? "good" : "bad"}`);
  box.dataset.good = String(good);
  const heading = element("p");
  heading.append(element("span", title, `mark ${good ? "good" : "bad"}`));
  box.append(
    heading,
    ...list("What was checked", checks.map(([holds, words]) => [holds ? "yes" : "no", words])),
    ...closer(shown),
    ...list("What this does not prove", open.map((words) => ["open", words])),
  );
  host.replaceChildren(box);
}

/** Shows that it could not be checked at all, which is no verdict on what was to be checked. */
export function fail(host, error) {
  const box = element("div", undefined, "note-box warn");
  box.append(element("p", "It could not be checked.", "mark warn"), element("p", error.message));
  host.replaceChildren(box);
}
