// The pages to look at: the fixed ones, and one of each kind found through the API.

/** Paths by name. */
export async function places(base) {
  const read = async (path) => {
    const response = await fetch(base + path);
    if (!response.ok) throw new Error(`${path}: ${response.status}`);
    return response.text();
  };
  const first = async (path, kind) => {
    const found = (await read(path)).match(new RegExp(`href="(/${kind}/0x[0-9a-f]+)"`));
    if (!found) throw new Error(`${path} leads to none of ${kind}`);
    return found[1];
  };
  return {
    overview: "/",
    guardians: "/guardians",
    validators: "/validators",
    "validators sought": "/validators?q=1000&sort=balance&order=desc",
    "no validator": "/validators?q=ffffffffffffffff",
    "a validator in danger": await first("/validators?health=danger", "validators"),
    "a validator that leaves": await first("/validators?health=leaving", "validators"),
    operator: await first("/validators?health=danger", "operators"),
    proposals: "/proposals",
    "a proposal held": await first("/proposals?held=true", "proposals"),
    "a proposal that is final": await first("/proposals?state=finalized", "proposals"),
    "a proposal refused": await first("/proposals?state=rejected", "proposals"),
    exits: "/exits",
    emergencies: "/emergencies",
    emergency: await first("/emergencies", "emergencies"),
    log: "/log",
  };
}
