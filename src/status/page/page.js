// Shows the state of the gateway and follows the outcomes of the shim that served this page.

/** How often the shim is asked for its state, besides after each event. */
const INTERVAL_MS = 5_000;
const PAUSE_MS = 250; // between two requests
const ANNOUNCE_MS = 400;
/** @type {Readonly<Record<string, string>>} */
const TITLES = {
  down: "The gateway is not up",
  "not-a-gateway": "The server is not a gateway",
  "tls-expected": "The gateway expects TLS",
  "tls-not-expected": "The gateway does not expect TLS",
};
const TOKEN = document.querySelector("meta[name=token]")?.getAttribute("content") ?? "";
const ADDRESS = `ws://${location.host}`;

/** @type {string[]} */
const announcements = [];
/** @type {EventSource | undefined} */
let stream;
/** When the stream was opened; older outcomes are not announced. @type {number | undefined} */
let openedAt;
let asking = false;
let askAgain = false;

/** Opens the stream. The browser reopens it after a failure, but not after an error response. */
function follow() {
  stream?.close();
  stream = new EventSource(withToken("outcomes"));
  for (const name of ["outcome", "approved"])
    stream.addEventListener(name, ({ data }) => add(JSON.parse(data)));
  stream.addEventListener("open", () => {
    openedAt = Date.now();
    void ask();
  });
  stream.addEventListener("error", () => {
    if (openedAt !== undefined) void ask();
    openedAt = undefined;
    showStream();
  });
  showStream();
}

/** Asks the shim for its state. While it does, further calls are merged into one that follows. */
async function ask() {
  askAgain = asking;
  if (asking) return;
  asking = true;
  try {
    showHealth(await (await get("health")).json());
    const isLive = stream?.readyState === EventSource.OPEN;
    if (!isLive) for (const outcome of await (await get("outcomes")).json()) add(outcome);
  } catch {
    const text = `No response since ${new Date().toLocaleString()}. The data below is older. Check it:`;
    const isKnown = part("state").dataset["tone"] === "bad";
    if (!isKnown) showState("bad", "The shim does not respond", text, "openclaw-shim status");
  }
  if (!document.hidden && stream?.readyState === EventSource.CLOSED) follow();
  showStream();
  await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  asking = false;
  if (askAgain) void ask();
}

/** @param {string} page */
async function get(page) {
  const signal = AbortSignal.timeout(INTERVAL_MS);
  const response = await fetch(withToken(page), { cache: "no-store", signal });
  // The shim was restarted, and has another token.
  if (response.status === 403) location.reload();
  return response;
}

/** @param {string} page */
function withToken(page) {
  return `${page}?token=${TOKEN}`;
}

/** @param {import("../../outcome/outcome.ts").Outcome} outcome */
function add(outcome) {
  const fresh = openedAt !== undefined && Date.parse(outcome.time) >= openedAt;
  document.dispatchEvent(new CustomEvent("outcome", { detail: { outcome, fresh } }));
  if (fresh) void ask();
}

/** @param {{ version: string, open: number, clients: { connected: number, other: number }, gateway: { reachable: boolean, state: string, since: string, reason?: string, fix?: string } }} health */
function showHealth({
  version,
  open,
  clients,
  gateway: { reachable, state, since, reason = "No response", fix = "" },
}) {
  part("version").textContent = version;
  part("count-connected").textContent = clients.connected.toLocaleString();
  part("count-other").textContent = clients.other.toLocaleString();
  part("count-open").textContent = open.toLocaleString();
  const when = `since ${new Date(since).toLocaleString()}, at the latest`;
  if (reachable) showState("good", "The gateway is up", `Up ${when}. Clients connect to`, ADDRESS);
  else showState("warn", TITLES[state] ?? state, `${reason} ${when}. Fix: ${fix}.`, "");
}

/** @param {string} tone @param {string} title @param {string} text @param {string} code follows the text */
function showState(tone, title, text, code) {
  part("state-text").textContent = text;
  part("state-code").textContent = code;
  if (part("state-title").textContent === title) return;
  part("state").dataset["tone"] = tone;
  part("state-title").textContent = title;
  document.title = `${title} – openclaw-shim`;
  announce(title);
}

function showStream() {
  const live = stream?.readyState === EventSource.OPEN;
  part("stream").dataset["tone"] = live ? "good" : "calm";
  part("stream").textContent = live ? "Live" : "Not live, reconnecting";
}

/** Announces a text to screen readers; of several within a moment the last three together. @param {string} text */
function announce(text) {
  if (announcements.push(text) > 1) return;
  setTimeout(() => {
    part("announcer").textContent = announcements.splice(0).slice(-3).join("; ");
  }, ANNOUNCE_MS);
}

/** @param {string} id @returns {HTMLElement} */
function part(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found;
}

part("address").textContent = ADDRESS;
document.addEventListener("announce", (event) => event instanceof CustomEvent && announce(event.detail));
// A hidden page closes its stream, so that another client can follow, and asks nothing.
document.addEventListener("visibilitychange", () => {
  openedAt = undefined;
  if (document.hidden) stream?.close();
  else follow();
});
setInterval(() => document.hidden || void ask(), INTERVAL_MS);
follow();
void ask();
