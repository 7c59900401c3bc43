// <shim-outcome>: one outcome as people read it. Whatever is said in it is set as text; nothing is ever parsed as HTML.

/** @typedef {import("../../outcome/outcomes.ts").TimedOutcome} TimedOutcome */

const COPIED_MS = 2_000;
const DEVICE_CHARACTERS = 12;

/** How an outcome looks; the others want something done. @type {Readonly<Record<string, string>>} */
const TONES = {
  connected: "good",
  "gateway-unreachable": "bad",
  denied: "bad",
  "gateway-starting": "calm",
  abandoned: "calm",
  "not-gateway-protocol": "calm",
};

/** A fix with a command in it: only words that mean nothing to a shell, so that it can be pasted as it is. */
const WITH_COMMAND = /^(.*?): (openclaw(?:-shim)? [\w .:/@=-]*[\w])(?:,? (\(.*|then .*|or .*))?$/;

let serial = 0;

class OutcomeElement extends HTMLElement {
  /** @param {TimedOutcome} outcome */
  show(outcome) {
    serial += 1;
    this.role = "listitem";
    this.dataset.outcome = outcome.outcome;
    this.dataset.tone = TONES[outcome.outcome] ?? "warn";
    const template = document.querySelector("template#outcome");
    if (template instanceof HTMLTemplateElement) this.append(template.content.cloneNode(true));
    this.#head(outcome);
    this.#fix(outcome.fix);
    this.#client(outcome);
    this.#gateway(outcome);
    this.#shim(outcome);
    this.#part("pre").textContent = JSON.stringify(outcome, null, 2);
  }

  /** @param {TimedOutcome} outcome */
  #head({ outcome, reason, firstSeen, publicForwarded, time, ms }) {
    const title = this.#part("h3");
    title.id = `outcome-${serial}`;
    title.textContent = outcome;
    this.#part("article").setAttribute("aria-labelledby", title.id);
    if (reason === undefined) this.#part(".reason").remove();
    else this.#part(".reason").textContent = reason;
    if (!firstSeen) this.#part(".first-seen").remove();
    if (!publicForwarded) this.#part(".public").remove();
    const when = new Date(time);
    const clock = this.#part("time");
    const today = when.toDateString() === new Date().toDateString();
    clock.setAttribute("datetime", time);
    clock.title = `${when.toLocaleString()}, after ${ms} ms`;
    clock.textContent = today ? when.toLocaleTimeString() : when.toLocaleString();
  }

  /** @param {string | undefined} fix */
  #fix(fix) {
    const box = this.#part(".fix");
    if (fix === undefined) return box.remove();
    const [, advice = fix, command, rest = ""] = WITH_COMMAND.exec(fix) ?? [];
    const text = this.#part(".fix span");
    text.id = `fix-${serial}`;
    text.textContent = advice;
    const code = this.#part(".fix code");
    if (command === undefined) code.remove();
    else code.textContent = command;
    this.#part(".rest").textContent = rest;
    const button = this.#part("button");
    button.textContent = command === undefined ? "Copy" : "Copy command";
    button.setAttribute("aria-describedby", text.id);
    button.addEventListener("click", () => void copy(command ?? fix, button));
  }

  /** @param {TimedOutcome} outcome */
  #client({ client, deviceId, role, scopes, peer, path }) {
    const rows = this.#part(".client");
    const mode = client?.mode === client?.id ? undefined : client?.mode;
    row(rows, "Name", client?.id, client?.version, client?.platform, mode);
    row(rows, "Device", deviceId === undefined ? undefined : deviceButton(deviceId));
    row(rows, "Role", role);
    row(rows, "Scopes", ...(scopes ?? []));
    row(rows, "From", peer, path === "/" ? undefined : path);
  }

  /** @param {TimedOutcome} outcome */
  #gateway({ outcome, close, http, gateway, grantedScopes, deviceToken, requestId }) {
    const rows = this.#part(".gateway");
    row(rows, "Hello", gateway?.version, gateway?.protocol && `protocol ${gateway.protocol}`);
    row(rows, "Granted", ...(grantedScopes ?? []));
    row(rows, "Token", deviceToken && "one for this device");
    if (http && outcome !== "denied") row(rows, "HTTP", String(http.status), http.type);
    if (close) row(rows, "Close", String(close.code), close.reason);
    row(rows, "Request", requestId);
    if (!rows.hasChildNodes()) nothing(rows, outcome === "denied" ? "It was not asked." : "Nothing.");
  }

  /** @param {TimedOutcome} outcome */
  #shim({ outcome, normalized: { host, origin, stripped }, http }) {
    const rows = this.#part(".shim");
    if (http && outcome === "denied") row(rows, "Refused", `HTTP ${http.status}`, http.type);
    if (host) row(rows, "Host", host.from, `→ ${host.to}`);
    if (origin) row(rows, "Origin", origin.from, `→ ${origin.to}`);
    // With their values in the whole line.
    row(rows, "Removed", ...Object.keys(stripped));
    if (!rows.hasChildNodes()) nothing(rows, "Nothing.");
  }

  /** @param {string} selector @returns {HTMLElement} */
  #part(selector) {
    const found = this.querySelector(selector);
    if (!(found instanceof HTMLElement)) throw new Error(`the template has no ${selector}`);
    return found;
  }
}

/**
 * A name and what is known under it, if anything is. Each value stands for itself, whichever way its letters run.
 *
 * @param {HTMLElement} rows @param {string} name @param {(string | HTMLElement | undefined | 0)[]} values
 */
function row(rows, name, ...values) {
  const known = values.flatMap((value) => value || []);
  if (known.length === 0) return;
  const term = document.createElement("dt");
  term.textContent = name;
  const definition = document.createElement("dd");
  for (const value of known) {
    const isolated = document.createElement("bdi");
    isolated.append(value);
    definition.append(isolated, " ");
  }
  rows.append(term, definition);
}

/** Says so where there are no rows. @param {HTMLElement} rows @param {string} text */
function nothing(rows, text) {
  const paragraph = document.createElement("p");
  paragraph.className = "nothing";
  paragraph.textContent = text;
  rows.replaceWith(paragraph);
}

/** The beginning of a device id, and all of it on demand. @param {string} id */
function deviceButton(id) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "more";
  const show = (/** @type {boolean} */ whole) => {
    button.textContent = whole ? id : `${id.slice(0, DEVICE_CHARACTERS)}…`;
    button.setAttribute("aria-expanded", String(whole));
  };
  button.title = "Show all of it, or its beginning";
  button.addEventListener("click", () => show(button.getAttribute("aria-expanded") === "false"));
  show(false);
  return button;
}

/** @param {string} text @param {HTMLElement} button */
async function copy(text, button) {
  const label = button.textContent;
  const copied = await toClipboard(text);
  button.textContent = copied ? "Copied" : "Select and copy it by hand";
  button.dispatchEvent(new CustomEvent("announce", { bubbles: true, detail: button.textContent }));
  setTimeout(() => (button.textContent = label), COPIED_MS);
}

/** @param {string} text */
async function toClipboard(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Not allowed, or no secure context: the way of before, which needs a selection.
    const area = document.createElement("textarea");
    const focused = document.activeElement;
    area.value = text;
    area.className = "unseen";
    document.body.append(area);
    area.select();
    const copied = document.execCommand("copy");
    area.remove();
    if (focused instanceof HTMLElement) focused.focus();
    return copied;
  }
}

customElements.define("shim-outcome", OutcomeElement);
