import { printable } from "./text/printable.ts";

/** Why the shim itself does not let a request through. Log field `reason` and JSON field `error.type`. */
export type Rule = keyof typeof TABLE;

/** What to do about a refusal, a failure or a finding. */
export interface Advice {
  /** One sentence for a person: what to do. It does not contain the command. */
  readonly fix: string;
  /** The one shell command that does it, ready to copy; absent where no single command does. */
  readonly command?: string;
}

/** One refusal, ready to be answered and logged. */
export interface Refusal {
  readonly rule: Rule;
  readonly status: number;
  readonly message: string;
  readonly fix: string;
  /** In how many seconds it may be tried again. */
  readonly retryAfterS?: number;
}

interface Row {
  readonly status: number;
  readonly message: (value: string) => string;
  readonly fix: (value: string) => string;
}

const TABLE = {
  peer_not_allowed: {
    status: 403,
    message: (peer) => `peer ${peer} may not connect to this shim`,
    fix: (peer) => `if ${peer} is yours, start openclaw-shim with --allow-from ${peer}`,
  },
  host_not_allowed: {
    status: 421,
    message: (host) => `Host ${host} is not a name of this shim`,
    fix: (host) =>
      `if that name is yours, start openclaw-shim with --allow-host ${host}; else use http://127.0.0.1`,
  },
  origin_not_allowed: {
    status: 403,
    message: (origin) =>
      `Origin ${origin} cannot be passed on: the gateway would take that page for a local one`,
    fix: (origin) =>
      `if you trust every page of that origin, start openclaw-shim with --allow-origin ${origin}`,
  },
  origin_malformed: {
    status: 403,
    message: (origin) =>
      `Origin "${origin}" is not a serialized origin (RFC 6454): scheme://host[:port] or null`,
    fix: () => "send one well-formed Origin, or none at all if you are not a browser",
  },
  forwarded_rejected: {
    status: 403,
    message: (name) => `the request carries ${name}, and --forwarded reject is set`,
    fix: () => "connect to the shim without a proxy between, or start it with --forwarded strip",
  },
  forwarded_public: {
    status: 403,
    message: (value) =>
      `the request was forwarded for ${value}, which is no private address (--forwarded private)`,
    fix: (value) =>
      `if that client is yours, start openclaw-shim with --allow-from ${value}, or with --forwarded strip`,
  },
  too_many_connections: {
    status: 503,
    message: (limit) => `all ${limit} connections are in use`,
    fix: (limit) => `close idle clients, or start openclaw-shim with --max-connections above ${limit}`,
  },
  too_many_failures: {
    status: 429,
    message: (seconds) => `too many failed attempts to sign in: wait ${seconds} s`,
    fix: (seconds) =>
      `mend the client's token or password first, then try again in ${seconds} s; one right attempt clears the count`,
  },
  page_not_local: {
    status: 421,
    message: (host) => `the shim's own pages are for this machine, and ${host} may be another's name`,
    fix: () =>
      "ask for them on the machine of the shim, by a loopback name: curl http://127.0.0.1:18788/__shim__/health",
  },
  foreign_site: {
    status: 403,
    message: (site) =>
      `the shim's own pages do not answer the pages of other sites (Sec-Fetch-Site: ${site})`,
    fix: () => "open the address in a tab of its own, or read it with a program that is no browser",
  },
  too_many_followers: {
    status: 503,
    message: () => "too many clients follow the outcomes already",
    fix: () => "close a page of /__shim__/ elsewhere, or read /__shim__/outcomes as JSON",
  },
  draining: {
    status: 503,
    message: () => "the shim is shutting down",
    fix: () => "try again when the service is back: systemctl status openclaw-shim",
  },
  malformed_request: {
    status: 400,
    message: (what) => `malformed request: ${what}`,
    fix: () =>
      "send a well-formed HTTP/1.1 request (RFC 9112), or a WebSocket handshake (RFC 6455 section 4.1)",
  },
  request_timeout: {
    status: 408,
    message: () => "the request's head did not arrive in time",
    fix: () => "send the whole head at once; look for a stalled proxy between client and shim",
  },
  header_too_large: {
    status: 431,
    message: () => "the request's header section is larger than 16 KiB",
    fix: () => "send fewer or smaller header fields; look for cookies that pile up",
  },
  method_connect: {
    status: 405,
    message: () => "CONNECT is not for this server: it forwards to one gateway only",
    fix: () =>
      "use the shim as the gateway URL, not as an HTTP proxy: unset HTTP_PROXY, or set NO_PROXY=127.0.0.1",
  },
  method_not_allowed: {
    status: 405,
    message: (method) => `${method} is not allowed here`,
    fix: () => "use GET under /__shim__/",
  },
  not_found: {
    status: 404,
    message: (path) => `${path} is not a page of the shim`,
    fix: () => "see /__shim__/",
  },
  upgrade_not_websocket: {
    status: 426,
    message: (protocol) => `cannot upgrade to ${protocol}: only to websocket`,
    fix: () => "connect with ws://, or turn off HTTP/2 upgrades (curl: --http1.1)",
  },
  upgrade_incomplete: {
    status: 400,
    message: () => "Upgrade: websocket came without Connection: upgrade",
    fix: () =>
      "a proxy on the way removes hop-by-hop fields: let it pass upgrades on (nginx: proxy_set_header Connection upgrade)",
  },
  gateway_unreachable: {
    status: 502,
    message: (why) => `the gateway cannot be reached: ${why}`,
    fix: () => "start it (openclaw gateway run), or give its address with --gateway ws://127.0.0.1:PORT",
  },
  gateway_timeout: {
    status: 504,
    message: (why) => `the gateway did not answer: ${why}`,
    fix: () => "look at the gateway's log; restart it if it hangs (openclaw gateway restart)",
  },
  gateway_answer_malformed: {
    status: 502,
    message: (why) => `what listens at the gateway's address does not answer in HTTP: ${why}`,
    fix: () => "check --gateway: is it the gateway's port, and ws:// or wss:// as the gateway has it?",
  },
} as const satisfies Record<string, Row>;

/** Every rule by which the shim itself refuses. */
export const RULES: readonly Rule[] = Object.keys(TABLE).filter(isRule);

function isRule(name: string): name is Rule {
  return Object.hasOwn(TABLE, name);
}

/**
 * The refusal of `rule` for one offending value.
 *
 * @param value what offended, as received; it is capped and made printable here
 */
export function refuse(rule: Rule, value = ""): Refusal {
  const row: Row = TABLE[rule];
  const shown = printable(value, 128);
  return { rule, status: row.status, message: row.message(shown), fix: row.fix(shellWord(shown)) };
}

/** A fix is there to be copied into a shell: what could mean something to one, or be an option, stays out of it. */
function shellWord(text: string): string {
  if (!/^[a-z0-9[][\w.:/@[\]-]*$/i.test(text)) return "…";
  // Around an IPv6 literal they are a pattern to a shell.
  return /[[\]]/.test(text) ? `'${text}'` : text;
}
