// Follows the shim that this page came from: is the gateway up, and what came of each request for a WebSocket.

/** @typedef {import("../../outcome/outcomes.ts").TimedOutcome} TimedOutcome */

/** How often it is asked while all is well, and while not. */
const CALM_MS = 10_000;
const WORRIED_MS = 3_000;
/** After an outcome, for those that come together. */
const SOON_MS = 250;
const ANSWER_MS = 5_000;
const ANNOUNCE_MS = 400;
const COUNTER = /^openclaw_shim_outcomes_total\{outcome="([\w-]*)".*\} (\d+)$/gm;

const ADDRESS = `ws://${location.host}`;
const START = "openclaw gateway run";
const LOOK = "openclaw-shim status";

/** @type {string[]} */
const announcements = [];
let state = "asking";
let asking = false;
/** When the stream was opened: what happened before is history. @type {number | undefined} */
let openedAt;
/** @type {EventSource | undefined} */
let stream;
/** @type {number | undefined} */
let nextQuestion;
/** @type {number | undefined} */
let nextAnnouncement;

/** Opens the stream. The browser opens it again when it breaks, but not when it was refused. */
function follow() {
  stream?.close();
  stream = new EventSource("outcomes");
  stream.addEventListener("outcome", ({ data }) => add(JSON.parse(data)));
  stream.addEventListener("open", () => {
    openedAt = Date.now();
    askIn(0);
  });
  stream.addEventListener("error", () => {
    if (openedAt !== undefined) askIn(0);
    openedAt = undefined;
    showStream();
  });
  showStream();
}

/** @param {number} ms */
function askIn(ms) {
  clearTimeout(nextQuestion);
  nextQuestion = window.setTimeout(() => void ask(), ms);
}

/** Asks how things are, and again after a while. */
async function ask() {
  if (asking) return askIn(SOON_MS);
  asking = true;
  nextQuestion = undefined;
  const live = stream?.readyState === EventSource.OPEN;
  try {
    const [health, metrics] = await Promise.all([get("health"), get("metrics")]);
    showHealth(await health.json());
    showCounters(await metrics.text());
    if (!live) for (const outcome of await (await get("outcomes")).json()) add(outcome);
  } catch {
    showUnreachable();
  }
  asking = false;
  if (document.hidden) return;
  if (stream?.readyState === EventSource.CLOSED) follow();
  showStream();
  // What happened meanwhile (the stream broke, an outcome came) asks sooner than this.
  if (nextQuestion === undefined) askIn(live && state === "up" ? CALM_MS : WORRIED_MS);
}

/** @param {string} page */
function get(page) {
  return fetch(page, { cache: "no-store", signal: AbortSignal.timeout(ANSWER_MS) });
}

/** @param {{ version: string, open: number, gateway: { reachable: boolean, since: string, reason?: string } }} health */
function showHealth({ version, open, gateway: { reachable, since, reason } }) {
  part("version").textContent = version;
  part("count-open").textContent = String(open);
  const when = moment(since);
  if (reachable) showState("up", "The gateway is up", `Reachable since ${when}. Clients connect to`, ADDRESS);
  else showState("down", "The gateway is down", `${reason ?? "No answer"} since ${when}. Start it:`, START);
}

function showUnreachable() {
  if (state === "unreachable") return;
  const text = `No answer since ${moment()}; below is what was known by then. Look at it:`;
  showState("unreachable", "The shim does not answer", text, LOOK);
}

/** @param {string} now @param {string} title @param {string} text @param {string} code what belongs to the text */
function showState(now, title, text, code) {
  part("state-text").textContent = text;
  part("state-code").textContent = code;
  if (now === state) return;
  state = now;
  part("state").dataset["state"] = now;
  part("state-title").textContent = title;
  document.title = `${title} – openclaw-shim`;
  announce(title);
}

function showStream() {
  const open = stream?.readyState === EventSource.OPEN;
  part("stream").dataset.state = open ? "live" : "connecting";
  part("stream").textContent = open ? "Live" : "Not live, reconnecting";
}

/** @param {string} metrics in the Prometheus text format */
function showCounters(metrics) {
  let connected = 0;
  let other = 0;
  for (const [, outcome, count] of metrics.matchAll(COUNTER)) {
    if (outcome === "connected") connected += Number(count);
    else other += Number(count);
  }
  part("count-connected").textContent = connected.toLocaleString();
  part("count-other").textContent = other.toLocaleString();
}

/** @param {TimedOutcome} outcome */
function add(outcome) {
  const fresh = openedAt !== undefined && Date.parse(outcome.time) >= openedAt;
  if (!document.querySelector("shim-outcomes")?.add(outcome, fresh) || !fresh) return;
  announce([outcome.outcome, outcome.reason, outcome.client?.id].filter(Boolean).join(", "));
  askIn(SOON_MS);
}

/** Says it to those who do not see it; what comes together is summed up. @param {string} text */
function announce(text) {
  announcements.push(text);
  nextAnnouncement ??= window.setTimeout(() => {
    const { length } = announcements;
    const all = announcements.splice(0);
    part("announcer").textContent = length > 3 ? `${length} news, the last: ${all.at(-1)}` : all.join("; ");
    nextAnnouncement = undefined;
  }, ANNOUNCE_MS);
}

/** @param {string} [time] ISO 8601; now where there is none */
function moment(time) {
  const when = time === undefined ? new Date() : new Date(time);
  const today = when.toDateString() === new Date().toDateString();
  return today ? when.toLocaleTimeString() : when.toLocaleString();
}

/** @param {string} id @returns {HTMLElement} */
function part(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found;
}

part("address").textContent = ADDRESS;
document.addEventListener("announce", (event) => {
  if (event instanceof CustomEvent) announce(String(event.detail));
});
// A page that nobody sees leaves its place to others, and asks nothing.
document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    clearTimeout(nextQuestion);
    stream?.close();
    openedAt = undefined;
  } else {
    follow();
    askIn(0);
  }
});
follow();
askIn(0);
