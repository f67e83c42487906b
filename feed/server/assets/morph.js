// Makes one tree like another with as few changes as it takes: focus, selection and opened details stay.

/** Elements that scripts fill themselves. */
const OWN = "[data-own]";

function key(node) {
  return node.nodeType === Node.ELEMENT_NODE ? node.dataset.key || node.id || "" : "";
}

function alike(a, b) {
  return a.nodeType === b.nodeType && a.nodeName === b.nodeName && key(a) === key(b);
}

function attributes(from, to) {
  for (const { name } of [...from.attributes]) {
    if (name === "open" && from.nodeName === "DETAILS") continue;
    if (!to.hasAttribute(name)) from.removeAttribute(name);
  }
  for (const { name, value } of to.attributes) {
    if (name === "open" && from.nodeName === "DETAILS") continue;
    if (from.getAttribute(name) !== value) from.setAttribute(name, value);
  }
}

function text(from, to, changed) {
  if (from.nodeValue === to.nodeValue) return;
  from.nodeValue = to.nodeValue;
  const parent = from.parentElement;
  if (parent && !parent.closest("time, [data-at], svg")) changed.add(parent);
}

function children(from, to, changed) {
  const wanted = [...to.childNodes];
  const keyed = new Map();
  for (const node of from.childNodes) if (key(node)) keyed.set(key(node), node);
  let cursor = from.firstChild;
  for (const next of wanted) {
    const known = key(next) && keyed.get(key(next));
    if (known && known !== cursor && alike(known, next)) {
      from.insertBefore(known, cursor);
      morph(known, next, changed);
      continue;
    }
    if (cursor && alike(cursor, next)) {
      const here = cursor;
      cursor = cursor.nextSibling;
      morph(here, next, changed);
      continue;
    }
    const made = document.importNode(next, true);
    from.insertBefore(made, cursor);
    if (made.nodeType === Node.ELEMENT_NODE && key(made)) changed.add(made);
  }
  while (cursor) {
    const gone = cursor;
    cursor = cursor.nextSibling;
    gone.remove();
  }
}

/** Makes `from` like `to`; adds to `changed` the elements whose words changed. */
export function morph(from, to, changed = new Set()) {
  if (from.nodeType === Node.TEXT_NODE) {
    text(from, to, changed);
  } else if (from.nodeType === Node.ELEMENT_NODE && !from.matches(OWN) && !from.isEqualNode(to)) {
    attributes(from, to);
    children(from, to, changed);
  }
  return changed;
}

/** Lights up once what changed. */
export function light(changed) {
  for (const element of changed) {
    element.classList.add("changed");
    element.addEventListener("animationend", () => element.classList.remove("changed"), { once: true });
  }
}
