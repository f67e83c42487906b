// The long list: only the rows in sight are in the document, however many there are.

import { blank, fill } from "./row.js";
import { Store } from "./store.js";

/** Rows kept beyond each edge of what is in sight. */
const BEYOND = 8;

/** Milliseconds of quiet before rows are fetched, while somebody scrolls or types. */
const QUIET = 80;
const TYPED = 250;

export class List {
  #host;
  #say;
  #words;
  #guardians;
  #store;
  #rows = new Map();
  #frame = 0;
  #timer = 0;
  #before = document.createElement("tr");
  #after = document.createElement("tr");
  #box;
  #body;
  #table;
  #height = 52;
  #found;

  constructor(host, say) {
    this.#host = host;
    this.#say = say;
    this.#words = JSON.parse(host.dataset.words);
    this.#guardians = host.dataset.guardians;
  }

  start() {
    this.#build();
    this.#follow();
    this.#reset(this.#query(), Number(this.#host.dataset.total));
    addEventListener("resize", () => this.#measure());
  }

  /** Something happened: what is in sight is fetched anew. */
  renew() {
    this.#store.renew();
  }

  #build() {
    const head = this.#host.querySelector("thead")?.cloneNode(true) ?? document.createElement("thead");
    this.#box = document.createElement("div");
    this.#box.className = "long";
    this.#box.tabIndex = 0;
    this.#box.setAttribute("role", "region");
    this.#box.setAttribute("aria-label", "Validators; scroll for more");
    this.#table = document.createElement("table");
    this.#table.className = "table";
    this.#body = document.createElement("tbody");
    for (const space of [this.#before, this.#after]) {
      space.className = "space";
      space.setAttribute("aria-hidden", "true");
    }
    this.#body.append(this.#before, this.#after);
    this.#table.append(head, this.#body);
    this.#box.append(this.#table);
    this.#host.replaceChildren(this.#box);
    this.#found = document.getElementById("pager");
    this.#box.addEventListener("scroll", () => this.#draw(), { passive: true });
    this.#measure();
  }

  #measure() {
    const probe = blank();
    this.#body.insertBefore(probe, this.#after);
    const height = probe.getBoundingClientRect().height || this.#height;
    probe.remove();
    if (height !== this.#height) {
      const first = this.#box.scrollTop / this.#height;
      this.#height = height;
      this.#box.scrollTop = first * height;
    }
    if (this.#store) this.#draw();
  }

  /** The form and the headings narrow and sort the list in place. */
  #follow() {
    const form = document.getElementById("filters");
    const changed = () => {
      clearTimeout(this.#timer);
      this.#go(this.#query());
    };
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      changed();
    });
    form.addEventListener("change", changed);
    form.addEventListener("input", (event) => {
      if (event.target.name !== "q") return;
      clearTimeout(this.#timer);
      this.#timer = setTimeout(changed, TYPED);
    });
    this.#table.tHead.addEventListener("click", (event) => {
      const link = event.target.closest("a");
      if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      const by = new URL(link.href).searchParams.get("sort");
      const turned = form.sort.value === by && form.order.value === "asc";
      form.sort.value = by;
      form.order.value = turned ? "desc" : "asc";
      changed();
    });
  }

  #query() {
    const query = new URLSearchParams();
    for (const [name, value] of new FormData(document.getElementById("filters"))) {
      if (value.trim()) query.set(name, value.trim());
    }
    return query;
  }

  #go(query) {
    const address = query.size ? `/validators?${query}` : "/validators";
    history.replaceState(history.state, "", address);
    for (const heading of this.#table.tHead.querySelectorAll("th")) {
      const by = heading.querySelector("a") && new URL(heading.querySelector("a").href).searchParams.get("sort");
      const arrow = heading.querySelector("[aria-hidden]");
      arrow?.remove();
      heading.removeAttribute("aria-sort");
      if (by !== query.get("sort")) continue;
      const down = query.get("order") === "desc";
      heading.setAttribute("aria-sort", down ? "descending" : "ascending");
      const made = document.createElement("span");
      made.setAttribute("aria-hidden", "true");
      made.textContent = down ? "↓" : "↑";
      heading.querySelector("a").append(made);
    }
    this.#reset(query, this.#store.total, true);
  }

  #reset(query, total, told = false) {
    this.#store?.stop();
    let first = told;
    this.#found.textContent = told ? "Looking…" : this.#count();
    this.#store = new Store(query, total, () => {
      this.#found.textContent = this.#count();
      if (first) this.#say(this.#count());
      first = false;
      this.#draw();
    });
    for (const row of this.#rows.values()) row.remove();
    this.#rows.clear();
    this.#box.scrollTop = 0;
    this.#draw();
  }

  #count() {
    const total = this.#store?.total ?? Number(this.#host.dataset.total);
    return total === 1 ? "1 validator matches" : `${total.toLocaleString("en")} validators match`;
  }

  #draw() {
    if (this.#frame) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.#paint();
    });
  }

  #paint() {
    const total = this.#store.total;
    const inSight = Math.ceil(this.#box.clientHeight / this.#height);
    const top = Math.min(Math.floor(this.#box.scrollTop / this.#height), Math.max(0, total - inSight));
    const from = Math.max(0, top - BEYOND);
    const to = Math.min(total, top + inSight + BEYOND);
    this.#drop(from, to);
    let next = this.#after;
    for (let place = to - 1; place >= from; place -= 1) {
      let row = this.#rows.get(place);
      if (!row) {
        row = blank();
        row.setAttribute("aria-rowindex", place + 2);
        this.#rows.set(place, row);
      }
      if (row.nextSibling !== next) this.#body.insertBefore(row, next);
      next = row;
      const one = this.#store.at(place);
      if (one) fill(row, one, this.#words, this.#guardians);
    }
    this.#before.style.height = `${from * this.#height}px`;
    this.#after.style.height = `${Math.max(0, total - to) * this.#height}px`;
    this.#table.setAttribute("aria-rowcount", total + 1);
    clearTimeout(this.#quiet);
    this.#quiet = setTimeout(() => this.#store.want(from, Math.max(to, 1)), QUIET);
  }

  #quiet = 0;

  /** Rows out of sight leave; whoever was on one of them finds itself on the list, and not at the top of the page. */
  #drop(from, to) {
    for (const [place, row] of this.#rows) {
      if (place >= from && place < to) continue;
      if (row.contains(document.activeElement)) this.#box.focus({ preventScroll: true });
      row.remove();
      this.#rows.delete(place);
    }
  }
}

export function start(say) {
  const host = document.getElementById("validators");
  if (!host) return null;
  const list = new List(host, say);
  list.start();
  return list;
}
