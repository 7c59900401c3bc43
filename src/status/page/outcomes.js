// The list of outcomes, newest first, and its filter. Every value is set as text and never parsed as HTML.

/** @typedef {import("../../outcome/outcome.ts").Outcome} Shown */
/** @typedef {string | Node | false | undefined | 0} Child Falsy values are left out. */

const LIMIT = 200; // as many as the shim stores (src/outcome/outcomes.ts)
const COPIED_MS = 2_000;
const ALL = "All"; // sorts before the outcomes

/** Outcomes that are not shown as warnings. @type {Readonly<Record<string, string>>} */
const TONES = {
  connected: "good",
  "gateway-unreachable": "bad",
  denied: "bad",
  "gateway-starting": "calm",
  abandoned: "calm",
  "not-gateway-protocol": "calm",
};

/** The fields of an outcome: group, name, values. @type {Record<string, Record<string, (of: Shown) => readonly Child[]>>} */
const FIELDS = {
  Client: {
    Name: ({ client: c }) => [c?.id, c?.version, c?.platform, c?.mode !== c?.id && c?.mode],
    Device: ({ deviceId: id }) => [id && make("details", {}, make("summary", {}, `${id.slice(0, 12)}…`), id)],
    Role: ({ role }) => [role],
    Scopes: ({ scopes = [] }) => scopes,
    From: ({ peer, path }) => [peer, path !== "/" && path],
  },
  "Gateway response": {
    Hello: ({ gateway }) => [gateway?.version, gateway?.protocol && `protocol ${gateway.protocol}`],
    Granted: ({ grantedScopes = [] }) => grantedScopes,
    Missing: ({ missingScopes = [] }) => missingScopes,
    Token: ({ deviceToken }) => [deviceToken && "issued for this device"],
    HTTP: ({ outcome, http }) => (outcome === "denied" ? [] : [http && String(http.status), http?.type]),
    Close: ({ close }) => [close && String(close.code), close?.reason],
    Request: ({ requestId }) => [requestId],
  },
  "Changed by the shim": {
    Refused: ({ outcome, http }) => (outcome === "denied" ? [http && `HTTP ${http.status}`, http?.type] : []),
    Host: ({ normalized: { host } }) => [host?.from, host && `→\u00a0${host.to}`],
    Origin: ({ normalized: { origin } }) => [origin?.from, origin && `→\u00a0${origin.to}`],
    Removed: ({ normalized }) => Object.keys(normalized.stripped),
  },
};

const list = part("list");
const filter = part("filter");
/** The radio buttons, by outcome. @type {Map<string, { label: HTMLElement, count: HTMLElement }>} */
const choices = new Map();
let chosen = ALL;

/** Adds an outcome, once: a reopened stream repeats the stored ones. @param {Shown} outcome @param {boolean} fresh for a new one */
function add(outcome, fresh) {
  if (document.getElementById(outcome.conn)) return;
  const item = make("li", { id: outcome.conn, className: fresh ? "card fresh" : "card" }, card(outcome));
  item.dataset["outcome"] = outcome.outcome;
  item.dataset["tone"] = (!outcome.missingScopes && TONES[outcome.outcome]) || "warn";
  list.prepend(item);
  if (list.childElementCount > LIMIT) list.lastElementChild?.remove();
  update();
  if (fresh) announce([outcome.outcome, outcome.reason, outcome.client?.id].filter(Boolean).join(", "));
}

/** Applies the filter and counts each outcome. */
function update() {
  const items = list.querySelectorAll("li");
  const counts = new Map([[ALL, items.length]]);
  for (const item of items) {
    const { outcome = "" } = item.dataset;
    counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
    item.hidden = chosen !== ALL && chosen !== outcome;
  }
  for (const outcome of counts.keys()) if (!choices.has(outcome)) addChoice(outcome);
  for (const [outcome, { label, count }] of choices) {
    count.textContent = String(counts.get(outcome) ?? 0);
    label.hidden = !counts.has(outcome) && outcome !== chosen;
  }
  const of = chosen === ALL ? "" : `${counts.get(chosen) ?? 0} of `;
  part("shown").textContent = `${of}${items.length}, newest first`;
  part("empty").hidden = items.length > 0;
  filter.hidden = items.length === 0;
}

/** Inserts a choice in alphabetical order. The others stay in place, so the focus does too. @param {string} outcome */
function addChoice(outcome) {
  const checked = outcome === chosen;
  const input = make("input", { type: "radio", name: "choice", value: outcome, checked });
  const count = make("b", {});
  const label = make("label", {}, input, outcome, " ", count);
  const next = [...choices.keys()].sort().find((name) => name > outcome);
  filter.insertBefore(label, choices.get(next ?? "")?.label ?? null);
  choices.set(outcome, { label, count });
}

/** @param {Shown} outcome */
function card(outcome) {
  const { reason, firstSeen, publicForwarded, time, ms, fix, command } = outcome;
  const when = new Date(time);
  const today = when.toDateString() === new Date().toDateString();
  const clock = today ? when.toLocaleTimeString() : when.toLocaleString();
  const groups = Object.entries(FIELDS).map(([title, fields]) => {
    const rows = Object.entries(fields).flatMap(([name, values]) => row(name, values(outcome)));
    return make("section", {}, make("h4", {}, title), rows.length > 0 ? make("dl", {}, ...rows) : "Nothing.");
  });
  return make(
    "article",
    { ariaLabel: outcome.outcome },
    make(
      "header",
      { className: "flex" },
      make("h3", {}, outcome.outcome),
      reason && make("bdi", { className: "reason" }, reason),
      firstSeen && make("small", {}, "first seen"),
      publicForwarded && make("small", {}, "public address"),
      make("time", { dateTime: time, title: `${when.toLocaleString()}, after ${ms} ms` }, clock),
    ),
    fix && make("p", { className: "box" }, make("b", {}, "Fix"), ` ${fix}`),
    command && commandBox(command),
    make("div", { className: "facts" }, ...groups),
    make("details", {}, make("summary", {}, "Log line"), make("pre", {}, JSON.stringify(outcome, null, 2))),
  );
}

/** Isolates each value, as its writing direction must not affect the others. @param {string} name @param {readonly Child[]} values */
function row(name, values) {
  const shown = values.flatMap((value) =>
    value ? [typeof value === "string" ? make("bdi", {}, value) : value, " "] : [],
  );
  return shown.length > 0 ? [make("dt", {}, name), make("dd", {}, ...shown)] : [];
}

/** @param {string} command */
function commandBox(command) {
  const code = make("code", {}, command);
  const button = make("button", { type: "button", ariaDescription: command }, "Copy");
  const copy = async () => {
    // For `execCommand`, and for the user if neither way is allowed.
    getSelection()?.selectAllChildren(code);
    const written = navigator.clipboard.writeText(command).then(() => true);
    const copied = await written.catch(() => document.execCommand("copy"));
    button.textContent = copied ? "Copied" : "Selected: copy it by hand";
    announce(button.textContent);
    setTimeout(() => (button.textContent = "Copy"), COPIED_MS);
  };
  button.addEventListener("click", () => void copy());
  return make("div", { className: "box flex" }, code, button);
}

/** @param {string} text for screen readers, collected by page.js */
function announce(text) {
  document.dispatchEvent(new CustomEvent("announce", { detail: text }));
}

/** Strings become text. @param {string} tag @param {Record<string, unknown>} properties @param {Child[]} children */
function make(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children.flatMap((child) => child || []));
  return element;
}

/** @param {string} id @returns {HTMLElement} */
function part(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found;
}

filter.addEventListener("change", ({ target }) => {
  if (!(target instanceof HTMLInputElement)) return;
  chosen = target.value;
  update();
  announce(`${chosen}: ${part("shown").textContent}`);
});
// From page.js.
document.addEventListener("outcome", (event) => {
  if (event instanceof CustomEvent) add(event.detail.outcome, event.detail.fresh);
});
