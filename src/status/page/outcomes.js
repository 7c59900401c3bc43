// <shim-outcomes>: the last outcomes, newest first, and the choice among them.

/** @typedef {import("../../outcome/outcomes.ts").TimedOutcome} TimedOutcome */

/** As many as the shim remembers. */
const LIMIT = 200;
const ALL = "all";

class OutcomesElement extends HTMLElement {
  /** By connection, oldest first. @type {Map<string, ShimOutcome>} */
  #items = new Map();
  /** By outcome. @type {Map<string, HTMLElement>} */
  #choices = new Map();
  #chosen = ALL;

  connectedCallback() {
    this.#addChoice(ALL);
    this.#part("#filter").addEventListener("change", ({ target }) => {
      if (!(target instanceof HTMLInputElement)) return;
      this.#chosen = target.value;
      this.#count();
      const text = `${target.value}: ${this.#part("#shown").textContent}`;
      this.dispatchEvent(new CustomEvent("announce", { bubbles: true, detail: text }));
    });
  }

  /**
   * Takes an outcome, unless it is known: a stream that is opened again begins with all that the shim remembers.
   *
   * @param {TimedOutcome} outcome @param {boolean} fresh whether it came while somebody looked @returns whether it was new
   */
  add(outcome, fresh) {
    if (this.#items.has(outcome.conn)) return false;
    const item = document.createElement("shim-outcome");
    item.show(outcome);
    item.classList.toggle("fresh", fresh);
    this.#items.set(outcome.conn, item);
    this.#part("#list").prepend(item);
    const [oldest] = this.#items;
    if (this.#items.size > LIMIT && oldest) {
      this.#items.delete(oldest[0]);
      oldest[1].remove();
    }
    this.#count();
    return true;
  }

  /** Shows what was chosen, and how many there are of each. */
  #count() {
    const counts = new Map([[ALL, this.#items.size]]);
    for (const item of this.#items.values()) {
      const outcome = item.dataset["outcome"] ?? "";
      counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
      item.hidden = this.#chosen !== ALL && this.#chosen !== outcome;
    }
    for (const outcome of counts.keys()) if (!this.#choices.has(outcome)) this.#addChoice(outcome);
    for (const [outcome, choice] of this.#choices) {
      const count = counts.get(outcome) ?? 0;
      const number = choice.querySelector("b");
      if (number) number.textContent = String(count);
      choice.hidden = count === 0 && outcome !== this.#chosen;
    }
    const shown = counts.get(this.#chosen) ?? 0;
    const all = shown === this.#items.size;
    this.#part("#shown").textContent = `${all ? shown : `${shown} of ${this.#items.size}`}, newest first`;
    this.#part("#empty").hidden = this.#items.size > 0;
    this.#part("#filter").hidden = this.#items.size === 0;
  }

  /** Puts it where its name belongs; the others stay, and with them the focus. @param {string} outcome */
  #addChoice(outcome) {
    const template = document.querySelector("template#choice");
    const label =
      template instanceof HTMLTemplateElement && template.content.firstElementChild?.cloneNode(true);
    const input = label instanceof HTMLElement && label.querySelector("input");
    const name = label instanceof HTMLElement && label.querySelector("span");
    if (!(label instanceof HTMLElement) || !input || !name) throw new Error("the page has no choice");
    input.value = outcome;
    input.checked = outcome === this.#chosen;
    name.textContent = outcome === ALL ? "All" : outcome;
    this.#choices.set(outcome, label);
    const order = [...this.#choices.keys()].sort(allFirst);
    const next = order[order.indexOf(outcome) + 1];
    this.#part("#filter").insertBefore(label, this.#choices.get(next ?? "") ?? null);
  }

  /** @param {string} selector @returns {HTMLElement} */
  #part(selector) {
    const found = this.querySelector(selector);
    if (!(found instanceof HTMLElement)) throw new Error(`the page has no ${selector}`);
    return found;
  }
}

/** @param {string} a @param {string} b */
function allFirst(a, b) {
  if (a === ALL || b === ALL) return a === ALL ? -1 : 1;
  return a < b ? -1 : 1;
}

customElements.define("shim-outcomes", OutcomesElement);
