import type { OutcomeName, Verdict } from "./outcome.ts";
import type { ConnectAnswer, Transcript } from "./transcript.ts";

type Facts = Pick<Transcript, "connect" | "answer" | "http" | "unreachable">;
type Fix = (facts: Facts, reason: string) => string;

/** Advice for one `details.code`, where it says more than the outcome does. */
const BY_REASON: Readonly<Record<string, Fix>> = {
  AUTH_TOKEN_MISSING: () =>
    "give the client the gateway's token: export OPENCLAW_GATEWAY_TOKEN=… (openclaw config get gateway.auth.token), or --token",
  AUTH_TOKEN_MISMATCH: () =>
    "the client's token is not the gateway's: compare OPENCLAW_GATEWAY_TOKEN and gateway.remote.token with gateway.auth.token in the gateway's openclaw.json",
  AUTH_TOKEN_NOT_CONFIGURED: () =>
    "the gateway has no token: openclaw config set gateway.auth.token <token>, then openclaw gateway restart",
  AUTH_PASSWORD_MISSING: () =>
    "give the client the gateway's password: export OPENCLAW_GATEWAY_PASSWORD=…, or --password",
  AUTH_PASSWORD_MISMATCH: () =>
    "the client's password is not the gateway's: compare OPENCLAW_GATEWAY_PASSWORD with gateway.auth.password in the gateway's openclaw.json",
  AUTH_DEVICE_TOKEN_MISMATCH: ({ connect }) =>
    `the device's stored token is no longer valid: openclaw devices rotate --device ${word(connect?.deviceId, "<deviceId>")} --role ${word(connect?.role, "operator")}, or connect once with the gateway's token`,
  AUTH_BOOTSTRAP_TOKEN_INVALID: () =>
    "the setup code was used or has expired: make a new one with openclaw qr",
  CONTROL_UI_BUILD_MISMATCH: () => "reload the page: its build is not the gateway's",
  proxy_attribution_required: () =>
    "the gateway still saw forwarding headers: --gateway must be the gateway itself, with no proxy between it and the shim",
};

const BY_FAILURE: Readonly<Record<string, string>> = {
  ECONNREFUSED:
    "no gateway listens there: start it (openclaw gateway run), or give its address with --gateway ws://127.0.0.1:PORT",
  CERT_FINGERPRINT_MISMATCH:
    "the gateway's certificate is not the pinned one: if it was renewed, give its new --gateway-fingerprint",
  MALFORMED_ANSWER:
    "what listens there is no gateway, or the wrong of ws:// and wss:// is set: check --gateway",
};

const BY_OUTCOME: Readonly<Record<Exclude<OutcomeName, "connected" | "denied">, Fix>> = {
  "pairing-required": pairing,
  "device-required": () =>
    "the client sent no device identity: use a client that has one (any current openclaw CLI), or open the Control UI at http://127.0.0.1 or https, where browsers allow one",
  "device-invalid": () =>
    "the device's signature was not accepted: set this machine's clock right, and if it stays, move ~/.openclaw/identity/device.json away so that a new identity is made",
  unauthorized: () =>
    "the client's credentials are not the gateway's: compare OPENCLAW_GATEWAY_TOKEN with gateway.auth.token in the gateway's openclaw.json",
  "rate-limited": ({ answer }) =>
    `too many failed attempts: mend the client's token first, then ${retry(answer, "wait a few minutes")}`,
  "origin-rejected": () =>
    "the gateway does not know this page's origin: start openclaw-shim with --allow-origin <origin> if you trust it, or add it to gateway.controlUi.allowedOrigins",
  "protocol-mismatch": () =>
    "client and gateway are of different releases: compare openclaw --version on both sides and update the older",
  "gateway-starting": ({ answer }) =>
    `the gateway is still starting: ${retry(answer, "try again in a few seconds")}`,
  "gateway-refused": ({ http }) =>
    `the gateway refused the upgrade with HTTP ${http?.status ?? "?"}: see its log (openclaw logs --follow), and whether the path is one of its own`,
  "gateway-unreachable": ({ unreachable }) =>
    own(BY_FAILURE, unreachable?.code ?? "") ??
    "the gateway does not answer: see openclaw gateway status and its log, and check --gateway",
  "gateway-closed": () =>
    "the gateway ended the connection: see its log (openclaw logs --follow) at this time",
  abandoned: () =>
    "the client left before it was connected: see its own log; if it gave up waiting, raise its timeout or see why the gateway is slow",
  "not-gateway-protocol": () =>
    "nothing to mend if this path belongs to a plugin, canvas or worker; else check that the client speaks to the gateway's own path",
};

/**
 * The one thing that mends an outcome, fit to be copied: text from outside is only put into a command where it
 * means nothing to a shell. Not for `connected` (nothing to mend) nor `denied` (the gate's refusal has its own).
 */
export function fixFor({ outcome, reason = "" }: Verdict, facts: Facts): string | undefined {
  if (outcome === "connected" || outcome === "denied") return undefined;
  return (own(BY_REASON, reason) ?? BY_OUTCOME[outcome])(facts, reason);
}

function pairing({ answer }: Facts, reason: string): string {
  const requestId = answer?.ok === false ? answer.requestId : undefined;
  const command =
    requestId !== undefined && isWord(requestId)
      ? `openclaw devices approve ${requestId}`
      : "openclaw devices list, then openclaw devices approve <requestId>";
  const why: Readonly<Record<string, string>> = {
    "scope-upgrade": "the device asks for more scopes than it was approved for",
    "role-upgrade": "the device asks for a role that it was not approved for",
    "metadata-upgrade": "the device's platform or family is not what it was approved with",
  };
  return `${own(why, reason) ?? "the gateway wants this device approved once"}: ${command}`;
}

function retry(answer: ConnectAnswer | undefined, otherwise: string): string {
  const ms = answer?.ok === false ? answer.retryAfterMs : undefined;
  return ms === undefined ? otherwise : `try again in ${Math.ceil(ms / 1000)} s`;
}

/** A row of a table by a word from outside, which may be `constructor`. */
function own<T>(table: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

/** A word to any shell, and no option to the command: `openclaw devices approve --latest` is one that must not come. */
function isWord(text: string): boolean {
  return /^\w[\w.:-]*$/.test(text);
}

function word(text: string | undefined, otherwise: string): string {
  return text !== undefined && isWord(text) ? text : otherwise;
}
