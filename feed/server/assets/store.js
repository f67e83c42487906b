// Validators by their place in a list, fetched in pages as they are looked at.

/** Validators in one request. */
const PAGE = 100;

/** Pages kept; the one looked at longest ago goes first. */
const KEPT = 30;

/** Milliseconds until a page that did not come is asked for again. */
const AGAIN = 2000;

export class Store {
  #query;
  #changed;
  #pages = new Map();
  #wanted = new Set();
  #flights = new Map();
  #failed = new Map();
  total;

  /** `query` narrows and sorts the list; `changed` is called when something arrived. */
  constructor(query, total, changed) {
    this.#query = query;
    this.total = total;
    this.#changed = changed;
  }

  /** The validator at a place; undefined until it is here. */
  at(place) {
    const number = Math.floor(place / PAGE);
    const page = this.#pages.get(number);
    if (!page) return undefined;
    this.#pages.delete(number);
    this.#pages.set(number, page);
    return page[place % PAGE];
  }

  /** Sees to it that these places are here soon. What is not wanted any more is not waited for. */
  want(from, to) {
    const last = Math.floor(Math.max(from, to - 1) / PAGE);
    this.#wanted = new Set();
    for (let number = Math.floor(from / PAGE); number <= last; number += 1) this.#wanted.add(number);
    for (const [number, flight] of this.#flights) if (!this.#wanted.has(number)) flight.abort();
    for (const number of this.#wanted) if (!this.#pages.has(number)) this.#fetch(number);
  }

  /** Fetches anew what is looked at; the rest is forgotten. */
  renew() {
    for (const number of [...this.#pages.keys()]) if (!this.#wanted.has(number)) this.#pages.delete(number);
    for (const number of this.#wanted) this.#fetch(number);
  }

  stop() {
    for (const flight of this.#flights.values()) flight.abort();
    this.#changed = () => {};
  }

  async #fetch(number) {
    if (this.#flights.has(number) || (this.#failed.get(number) ?? 0) > Date.now()) return;
    const flight = new AbortController();
    this.#flights.set(number, flight);
    try {
      const query = new URLSearchParams(this.#query);
      query.set("offset", number * PAGE);
      query.set("limit", PAGE);
      const response = await fetch(`/v1/validators?${query}`, { signal: flight.signal });
      // What cannot be sought is found nowhere; anything else may go better the next time.
      if (!response.ok && response.status !== 400) throw new Error(`the server answered ${response.status}`);
      const { data, total } = response.ok ? await response.json() : { data: [], total: 0 };
      this.#pages.set(number, data);
      this.total = total;
      this.#failed.delete(number);
      while (this.#pages.size > KEPT) this.#pages.delete(this.#pages.keys().next().value);
    } catch (error) {
      if (error.name !== "AbortError") {
        this.#failed.set(number, Date.now() + AGAIN);
        setTimeout(() => this.#wanted.has(number) && this.#fetch(number), AGAIN);
      }
    } finally {
      this.#flights.delete(number);
    }
    this.#changed();
  }
}
