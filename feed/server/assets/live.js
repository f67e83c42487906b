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

/** Refusals in a row after which the last event is no longer named: its log may be gone, and the page is fetched whole anyway. */
const FORGET = 3;

const STATES = {
  connecting: ["none", "Connecting…"],
  live: ["good", "Live"],
  waiting: ["warn", "Not live, reconnecting…"],
  asleep: ["none", "Paused while hidden"],
};

export class Live {
  #link = document.getElementById("link");
  #say;
  #state = "";
  #source = null;
  #wait = FIRST_WAIT;
  #refusals = 0;
  /** The newest event that has an id: where the stream is taken up again. */
  #seen = "";
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
    if (!this.#link || state === this.#state) return;
    const [tone, text] = STATES[state];
    this.#link.className = `link-state mark ${tone}`;
    this.#link.textContent = text;
    this.#link.dataset.state = state;
    if (state === "waiting") this.#say(this.#state === "live" ? "The connection was lost; trying again" : "Not connected; trying again");
    if (state === "live" && this.#state === "waiting") this.#say("Connected again");
    this.#state = state;
  }

  #open() {
    if (this.#source) return;
    if (this.#state !== "waiting") this.#show("connecting");
    // No header can be set here. The browser's own, when it comes again by itself, is newer and wins.
    const query = this.#seen ? `?last_event_id=${encodeURIComponent(this.#seen)}` : "";
    const source = new EventSource(`/v1/events${query}`);
    this.#source = source;
    source.addEventListener("open", () => {
      this.#wait = FIRST_WAIT;
      this.#refusals = 0;
      // What happened while nobody listened.
      if (this.#state === "waiting") this.#soon();
      this.#show("live");
    });
    source.addEventListener("error", () => {
      this.#show("waiting");
      if (source.readyState !== EventSource.CLOSED || this.#source !== source) return;
      // The server answered with a refusal, so the browser gave up: we do not.
      this.#source = null;
      this.#refusals += 1;
      if (this.#refusals >= FORGET) this.#seen = "";
      setTimeout(() => {
        if (!document.hidden) this.#open();
      }, this.#wait * (0.5 + Math.random() / 2));
      this.#wait = Math.min(this.#wait * 2, LONGEST_WAIT);
    });
    for (const name of EVENTS) {
      source.addEventListener(name, ({ lastEventId }) => {
        if (lastEventId) this.#seen = lastEventId;
        this.#soon();
      });
    }
  }

  #close(state) {
    this.#source?.close();
    this.#source = null;
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
