// The list of outcomes, newest first, and its filter. Every value is set as text and never parsed as HTML.

/** @typedef {import("../../outcome/outcomes.ts").StoredOutcome} Shown */
/** @typedef {{ outcome: Shown, item: HTMLElement, settled?: string }} Entry `settled`: when a failure was settled, and how. */
/** @typedef {string | Node | false | undefined | 0} Child Falsy values are left out. */

const LIMIT = 200; // as many as the shim stores (src/outcome/outcomes.ts)
const COPIED_MS = 2_000;
const ALL = "All clients"; // sorts before the outcomes
const DOCTOR = "doctor";
/** As a client, doctor is not counted, and shown on request. @param {Shown} outcome */
const isDoctor = ({ client }) => client?.version?.startsWith("openclaw-shim-doctor/"); // DOCTOR in src/outcome/outcome.ts
/** Failures of the gateway, not of a device: any client that connects settles them. @type {Readonly<Record<string, string>>} */
const HOW = { "gateway-unreachable": "a client connected", "gateway-starting": "a client connected" };

/** Outcomes that are not shown as warnings. @type {Readonly<Record<string, string>>} */
const TONES = {
  connected: "good",
  "gateway-unreachable": "bad",
  denied: "bad",
  "gateway-starting": "calm",
  abandoned: "calm",
  "not-gateway-protocol": "calm",
};

const PUBLIC =
  "A removed header names an address on the internet. Whoever can send requests to the proxy that added it can reach the gateway as a local client. To refuse these requests, start openclaw-shim with `--forwarded private`.";

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
    Public: ({ publicForwarded }) => [publicForwarded && make("small", {}, ...marked(PUBLIC))],
  },
};

const list = part("list");
const filter = part("filter");
/** The radio buttons, by outcome. @type {Map<string, { label: HTMLElement, count: HTMLElement }>} */
const choices = new Map();
let chosen = ALL;

/** The shown outcomes by connection, oldest first. @type {Map<string, Entry>} */
const entries = new Map();

/** Adds an outcome, once: a reopened stream repeats the stored ones. @param {Shown} outcome @param {boolean} fresh for a new one */
function add(outcome, fresh) {
  if (!entries.has(outcome.conn)) {
    const item = make("li", { className: fresh ? "card fresh" : "card" }, card(outcome));
    item.dataset["outcome"] = isDoctor(outcome) ? DOCTOR : outcome.outcome;
    item.dataset["tone"] = (!outcome.missingScopes && TONES[outcome.outcome]) || "warn";
    for (const earlier of entries.values())
      if (settles(outcome, earlier.outcome))
        settle(earlier, outcome.time, HOW[earlier.outcome.outcome] ?? "the device connected");
    entries.set(outcome.conn, { outcome, item });
    list.prepend(item);
    const [oldest = ""] = entries.keys();
    if (entries.size > LIMIT) entries.get(oldest)?.item.remove();
    if (entries.size > LIMIT) entries.delete(oldest);
    update();
    if (fresh && !isDoctor(outcome))
      announce([outcome.outcome, outcome.reason, outcome.client?.id].filter(Boolean).join(", "));
  }
  const entry = entries.get(outcome.conn);
  if (entry && outcome.approvedAt) settle(entry, outcome.approvedAt, "its request was approved");
}

/** Returns true if a later outcome shows that a failure is over. @param {Shown} later @param {Shown} failed */
function settles(later, failed) {
  if (later.outcome !== "connected" || later.missingScopes) return false;
  if (failed.outcome in HOW) return true;
  return (
    failed.deviceId !== undefined &&
    later.deviceId === failed.deviceId &&
    later.role === failed.role &&
    (failed.scopes ?? []).every((scope) => later.scopes?.includes(scope))
  );
}

/** Shows a failure, once, as settled. The focus stays in its card. @param {Entry} entry @param {string} time @param {string} how */
function settle(entry, time, how) {
  const { outcome, item } = entry;
  if (!outcome.fix || entry.settled) return;
  entry.settled = `settled ${clockOf(time)}: ${how}`;
  const hadFocus = item.contains(document.activeElement);
  item.replaceChildren(card(outcome, entry.settled));
  item.dataset["tone"] = "calm";
  if (hadFocus) item.querySelector("summary")?.focus();
}

/** Applies the filter and counts each outcome. */
function update() {
  const items = list.querySelectorAll("li");
  const counts = new Map([[ALL, 0]]);
  for (const item of items) {
    const { outcome = "" } = item.dataset;
    counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
    if (outcome !== DOCTOR) counts.set(ALL, (counts.get(ALL) ?? 0) + 1);
    item.hidden = chosen === ALL ? outcome === DOCTOR : chosen !== outcome;
  }
  for (const outcome of counts.keys()) if (!choices.has(outcome)) addChoice(outcome);
  for (const [outcome, { label, count }] of choices) {
    count.textContent = String(counts.get(outcome) ?? 0);
    label.hidden = !counts.has(outcome) && outcome !== chosen;
  }
  const all = counts.get(ALL);
  const of = chosen === ALL || chosen === DOCTOR ? "" : `${counts.get(chosen) ?? 0} of `;
  part("shown").textContent = `${of}${chosen === DOCTOR ? counts.get(DOCTOR) : all}, newest first`;
  part("empty").hidden = chosen !== ALL || all !== 0;
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

/** A failure in full; all else as one line with the rest on request. @param {Shown} outcome @param {string} [settled] */
function card(outcome, settled) {
  const { reason, firstSeen, publicForwarded, time, ms, fix, command, client: c } = outcome;
  const isBrief = !fix || settled || isDoctor(outcome);
  const groups = Object.entries(FIELDS).map(([title, fields]) => {
    const rows = Object.entries(fields).flatMap(([name, values]) => row(name, values(outcome)));
    return make("section", {}, make("h4", {}, title), rows.length > 0 ? make("dl", {}, ...rows) : "Nothing.");
  });
  const head = make(
    isBrief ? "summary" : "header",
    { className: "flex head" },
    make("h3", {}, outcome.outcome),
    reason && make("bdi", { className: "reason" }, reason),
    isBrief && make("bdi", { className: "soft" }, [c?.id, c?.version, c?.platform].filter(Boolean).join(" ")),
    firstSeen && make("small", {}, "first seen"),
    publicForwarded && make("small", {}, "public address"),
    settled && make("small", {}, settled),
    make(
      "time",
      { dateTime: time, title: `${new Date(time).toLocaleString()}, after ${ms} ms` },
      clockOf(time),
    ),
  );
  const facts = [
    make("div", { className: "facts" }, ...groups),
    make("details", {}, make("summary", {}, "Log line"), make("pre", {}, JSON.stringify(outcome, null, 2))),
  ];
  return make(
    "article",
    { ariaLabel: outcome.outcome },
    ...(isBrief
      ? [make("details", {}, head, ...facts)]
      : [
          head,
          make("p", { className: "box" }, make("b", {}, "Fix"), " ", ...marked(fix)),
          command && commandBox(command),
          ...facts,
        ]),
  );
}

/** Returns the parts of a text: what is between backticks is code. @param {string} text */
function marked(text) {
  return text.split("`").map((piece, index) => (index % 2 === 0 ? piece : make("code", {}, piece)));
}

/** @param {string} time */
function clockOf(time) {
  const when = new Date(time);
  const isToday = when.toDateString() === new Date().toDateString();
  return isToday ? when.toLocaleTimeString() : when.toLocaleString();
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
