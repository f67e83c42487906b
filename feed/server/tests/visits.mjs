// The page's memory of visits, with a storage of its own. Prints nothing and ends well when all is as it should be.

import assert from "node:assert/strict";
import { life, remember, remembered, words } from "../assets/visits.js";

class Kept {
  all = new Map();
  get length() { return this.all.size; }
  key(number) { return [...this.all.keys()][number]; }
  getItem(name) { return this.all.get(name) ?? null; }
  setItem(name, value) { this.all.set(name, value); }
}

const network = "ab".repeat(32);
const origin = (life, guardian = 1, of = network) => `guardian-network/${of}/${guardian}/${life}`;
const visit = (life, size, guardian) => ({ origin: origin(life, guardian), size, root: "0x00" });

const kept = new Kept();
assert.equal(remembered(origin(0), kept), null);
remember(visit(0, 5), kept);
assert.equal(remembered(origin(0), kept).size, 5);

// A new life is no first visit.
assert.equal(remembered(origin(7), kept).origin, origin(0));
assert.match(words("another", remembered(origin(7), kept), 2), /another log than the one you saw/);
remember(visit(7, 2), kept);
assert.equal(remembered(origin(7), kept).size, 2);

// A lower one is an older copy, and is not kept.
assert.equal(life(remembered(origin(0), kept).origin), "7");
assert.match(words("older", remembered(origin(0), kept), 9), /older copy/);
remember(visit(0, 9), kept);
assert.equal(life(remembered(origin(0), kept).origin), "7");

// Numbers that JavaScript's own cannot tell apart.
remember(visit("9007199254740993", 3), kept);
remember(visit("9007199254740992", 4), kept);
assert.equal(remembered(origin(0), kept).size, 3);

// Other guardians and networks are others; 1 is not the beginning of 11.
assert.equal(remembered(origin(0, 11), kept), null);
assert.equal(remembered(origin(0, 1, "cd".repeat(32)), kept), null);
remember(visit(1, 8, 11), kept);
assert.equal(remembered(origin(0), kept).size, 3);

// What earlier pages kept counts.
const earlier = new Kept();
for (const life of [3, 12, 5]) earlier.setItem(`visit ${origin(life)}`, JSON.stringify(visit(life, life)));
assert.equal(remembered(origin(20), earlier).size, 12);
remember(visit(12, 40), earlier);
assert.equal(remembered(origin(12), earlier).size, 40);

// What cannot be read is as if it were not there.
const broken = new Kept();
broken.setItem(`visit guardian-network/${network}/1`, "{");
assert.equal(remembered(origin(0), broken), null);
