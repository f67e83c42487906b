// Follows the network: one event stream, and this page fetched again when something happened.

import { light, morph } from "./morph.js";
import { now, renew } from "./clock.js";

/** Events after which a page may show something else. */
const EVENTS = ["status", "entry", "gap"];

/** Milliseconds between two refreshes at least; and how far readers are spread, so that they do not come all at once. */
const PAUSE = 3000;
const SPREAD = 1500;

/**
 * Most milliseconds until a refused stream is asked for again: at first and at last, doubled between. Half of them at least,
 * so 1 to 60 s; the rest is chance, or all who were refused would come again at once.
 */
const FIRST_WAIT = 2000;
const LONGEST_WAIT = 60000;

/** Milliseconds after which a lost connection is worth a word: browsers and proxies renew theirs all the time. */
const WORTH_A_WORD = 5000;

const STATES = {
  connecting: ["none", "Connecting…"],
  live: ["good", "Live"],
  waiting: ["warn", "Not live, reconnecting…"],
  asleep: ["none", "Paused while hidden"],
};

export class Live {
  #say;
  #state = "";
  #source = null;
  #wait = FIRST_WAIT;
  #again = 0;
  /** When it will be said, and whether it was said, that there is no connection. */
  #word = 0;
  #isTold = false;
  #last = 0;
  #timer = 0;
  #listeners = new Set();

  /** `say` speaks to screen readers. */
  constructor(say) {
    this.#say = say;
  }

  /** Calls `listener` after each refresh. */
  heard(listener) {
    this.#listeners.add(listener);
  }

  start() {
    this.#open();
    setInterval(() => this.#age(), 1000);
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) {
        this.#close("asleep");
      } else {
        this.#open();
        this.#soon();
      }
    });
    addEventListener("pagehide", () => this.#close("asleep"));
    addEventListener("pageshow", (event) => {
      if (event.persisted) this.#open();
    });
  }

  #show(state) {
    const link = document.getElementById("link");
    if (!link || state === this.#state) return;
    const [tone, text] = STATES[state];
    link.className = `link-state mark ${tone}`;
    link.textContent = text;
    link.dataset.state = state;
    clearTimeout(this.#word);
    if (state === "waiting") {
      const words = this.#state === "live" ? "The connection was lost; trying again" : "Not connected; trying again";
      this.#word = setTimeout(() => {
        this.#isTold = true;
        this.#say(words);
      }, WORTH_A_WORD);
    }
    if (state === "live" && this.#isTold) {
      this.#isTold = false;
      this.#say("Connected");
    }
    this.#state = state;
  }

  #open() {
    if (this.#source) return;
    clearTimeout(this.#again);
    if (this.#state !== "waiting") this.#show("connecting");
    // From now on, not from the last event that was seen: the page is fetched whole anyway.
    const source = new EventSource("/v1/events");
    this.#source = source;
    source.addEventListener("open", () => {
      this.#wait = FIRST_WAIT;
      // What happened while nobody listened.
      if (this.#state === "waiting") this.#soon();
      this.#show("live");
    });
    source.addEventListener("error", () => {
      this.#show("waiting");
      if (source.readyState !== EventSource.CLOSED || this.#source !== source) return;
      // The server answered with a refusal, so the browser gave up: we do not.
      this.#source = null;
      this.#again = setTimeout(() => {
        if (!document.hidden) this.#open();
      }, this.#wait * (0.5 + Math.random() / 2));
      this.#wait = Math.min(this.#wait * 2, LONGEST_WAIT);
    });
    for (const name of EVENTS) {
      source.addEventListener(name, () => this.#soon());
    }
  }

  #close(state) {
    this.#source?.close();
    this.#source = null;
    clearTimeout(this.#again);
    this.#show(state);
  }

  /** Old figures are called old even when nobody tells us anything any more. */
  #age() {
    const alarm = document.getElementById("alarm");
    if (alarm) alarm.hidden = now() <= Number(alarm.dataset.staleAfter);
  }

  #soon() {
    if (this.#timer || document.hidden) return;
    const since = Date.now() - this.#last;
    const wait = Math.max(0, PAUSE - since) + Math.random() * (this.#last ? SPREAD : 0);
    this.#timer = setTimeout(() => {
      this.#timer = 0;
      this.#last = Date.now();
      this.refresh();
    }, wait);
  }

  /** Fetches this page again and changes what differs. */
  async refresh() {
    let text;
    try {
      const response = await fetch(location.href, { headers: { accept: "text/html" }, cache: "no-cache" });
      if (!response.ok) return;
      text = await response.text();
    } catch {
      return;
    }
    const fresh = new DOMParser().parseFromString(text, "text/html");
    if (fresh.documentElement.dataset.assets !== document.documentElement.dataset.assets) {
      // The server runs another version: its pages need its own scripts.
      location.reload();
      return;
    }
    for (const id of ["fresh", "main"]) {
      const [from, to] = [document.getElementById(id), fresh.getElementById(id)];
      if (from && to) light(morph(from, to));
    }
    const heading = fresh.querySelector("h1")?.textContent ?? "";
    if (this.heading && heading !== this.heading) this.#say(heading);
    this.heading = heading;
    this.#age();
    renew();
    for (const listener of this.#listeners) listener();
  }
}
