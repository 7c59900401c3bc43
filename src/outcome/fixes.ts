import { unreachableFix } from "../gate/unreachable.ts";
import type { OutcomeName, Verdict } from "./outcome.ts";
import type { ConnectAnswer, Transcript } from "./transcript.ts";

type Facts = Pick<Transcript, "connect" | "answer" | "http" | "unreachable">;
type Fix = (facts: Facts, reason: string) => string;

const RELOAD = "reload the page: its build is not the gateway's";
const UPDATE = "compare openclaw --version on both sides and update the older";

/** Advice for one `details.code`, where it says more than the outcome does. */
const BY_REASON: Readonly<Record<string, Fix>> = {
  AUTH_TOKEN_MISSING: () =>
    "give the client the gateway's token: export OPENCLAW_GATEWAY_TOKEN=…, or --token; it is gateway.auth.token in the gateway's openclaw.json (openclaw config get prints it redacted)",
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
  CONTROL_UI_BUILD_MISMATCH: () => RELOAD,
  proxy_attribution_required: () =>
    "the gateway still saw forwarding headers: --gateway must be the gateway itself, with no proxy between it and the shim",
};

const BY_OUTCOME: Readonly<Record<Exclude<OutcomeName, "connected" | "denied">, Fix>> = {
  "pairing-required": pairing,
  "device-required": () =>
    "the client sent no device identity: use a client that has one (any current openclaw CLI), or open the Control UI at http://127.0.0.1 or https, where browsers allow one",
  "device-invalid": () =>
    "the device's signature was not accepted: set this machine's clock right, and if it stays, move ~/.openclaw/identity/device.json away so that a new identity is made",
  unauthorized,
  "rate-limited": ({ answer }) =>
    `too many failed attempts: mend the client's token first, then ${retry(answer, "wait a few minutes")}`,
  "origin-rejected": () =>
    "the gateway does not know this page's origin: start openclaw-shim with --allow-origin <origin> if you trust it, or add it to gateway.controlUi.allowedOrigins",
  // 2026.9 says PROTOCOL_MISMATCH where a page of its own is of another build, too.
  "protocol-mismatch": ({ answer }) =>
    /reload this page/i.test(messageOf(answer))
      ? RELOAD
      : `client and gateway are of different releases: ${UPDATE}`,
  "gateway-starting": ({ answer }) =>
    `the gateway is still starting: ${retry(answer, "try again in a few seconds")}`,
  "gateway-refused": ({ http }) =>
    `the gateway refused the upgrade with HTTP ${http?.status ?? "?"}: see its log (openclaw logs --follow), and whether the path is one of its own`,
  "gateway-unreachable": ({ unreachable }) => unreachableFix(unreachable?.code ?? ""),
  // A client that knows more than the gateway sends what the gateway does not: 2026.2 refuses `auth.deviceToken`.
  "gateway-closed": ({ answer }) =>
    /invalid connect params/i.test(messageOf(answer))
      ? `the gateway does not understand this client's request (close.reason says what): ${UPDATE}`
      : "the gateway ended the connection: see its log (openclaw logs --follow) at this time",
  abandoned: () =>
    "the client left before it was connected: see its own log; if it gave up waiting, raise its timeout or see why the gateway is slow",
  "not-gateway-protocol": () =>
    "nothing to mend if this path belongs to a plugin, canvas or worker; else check that the client speaks to the gateway's own path",
};

/** The gateway's words for which there is advice of their own. */
export const REASONS_WITH_FIX: readonly string[] = Object.keys(BY_REASON);

/**
 * The one thing that mends an outcome, fit to be copied: text from outside is only put into a command where it
 * means nothing to a shell. Not for `connected` (nothing to mend) nor `denied` (the gate's refusal has its own).
 */
export function fixFor({ outcome, reason = "" }: Verdict, facts: Facts): string | undefined {
  if (outcome === "connected" || outcome === "denied") return undefined;
  return (own(BY_REASON, reason) ?? BY_OUTCOME[outcome])(facts, reason);
}

/** 2026.2 sends no `details.code`; its message says as much: `unauthorized: gateway token missing (…)`. */
function unauthorized(facts: Facts): string {
  const [, what = ""] =
    /gateway ((?:token|password) (?:missing|mismatch))/i.exec(messageOf(facts.answer)) ?? [];
  const reason = `AUTH_${what.toUpperCase().replace(" ", "_")}`;
  return (
    own(BY_REASON, reason)?.(facts, reason) ??
    "the client's credentials are not the gateway's: compare OPENCLAW_GATEWAY_TOKEN with gateway.auth.token in the gateway's openclaw.json"
  );
}

function messageOf(answer: ConnectAnswer | undefined): string {
  return answer?.ok === false ? answer.message : "";
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
  const known = own(why, reason);
  if (known !== undefined) return `${known}: ${command}`;
  return `${whyNotPaired(answer)} (openclaw-shim doctor tells which): ${command}`;
}

/**
 * What is left where the shim has made the connection a clean local one, which the gateway otherwise pairs without
 * asking (gateway.md sections 1 and 2). How much a refusal says tells the release: 2026.9 names the device, 2026.2 not
 * even the reason.
 */
function whyNotPaired(answer: ConnectAnswer | undefined): string {
  if (answer?.ok !== false) return "the gateway wants this device approved once";
  if (answer.deviceId !== undefined) {
    return "gateway.nodes.pairing.autoApproveLocal is false, or the client is a web page";
  }
  const upgrade = answer.reason === undefined ? "it asks for more than it was approved for, " : "";
  return `a request of this device from before is still pending, ${upgrade}or gateway.trustedProxies covers loopback`;
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
export function isWord(text: string): boolean {
  return /^\w[\w.:-]*$/.test(text);
}

/** A text from outside as a word of a command, or what stands in for it. */
export function word(text: string | undefined, otherwise: string): string {
  return text !== undefined && isWord(text) ? text : otherwise;
}
