import { connectAdvice, outcomeAdvice } from "../errors.ts";
import type { Advice } from "../text/advice.ts";
import type { ConnectError } from "../openclaw/protocol.ts";
import { keepScopesWithoutDevice } from "../openclaw/scopes.ts";
import type { Transcript, Verdict } from "./outcome.ts";

/** Returns what to do; undefined if `connected` is all well, and for `denied`, whose refusal has its own advice. */
export function adviceFor(
  { outcome, reason = "" }: Verdict,
  { connect, response, http, unreachable }: Pick<Transcript, "connect" | "response" | "http" | "unreachable">,
): Advice | undefined {
  if (outcome === "connected") return reason === "" ? undefined : scopesAdvice(connect, response);
  if (outcome === "denied") return undefined;
  if (outcome === "gateway-unreachable") return connectAdvice(unreachable?.code ?? "");
  const refused = response?.ok === false ? response : undefined;
  const values: Readonly<Record<string, string | undefined>> = {
    "pairing-required": refused?.requestId,
    "rate-limited": retryTime(refused, "a few minutes"),
    "gateway-starting": retryTime(refused, "a few seconds"),
    "gateway-refused": http && String(http.status),
  };
  return outcomeAdvice(outcome, values[outcome], keyFor(outcome, reason, refused?.message));
}

/** Without a device most clients get no scope at all; where some are granted, a limit removed the others. */
function scopesAdvice(connect: Transcript["connect"], response: Transcript["response"]): Advice {
  const hello = response?.ok === true ? response : undefined;
  if (connect?.deviceId !== undefined || (hello?.scopes ?? []).length > 0)
    return outcomeAdvice("scopes-limited");
  const kept = keepScopesWithoutDevice(hello?.version).join(" and ");
  const local = `; on this release local connections of ${kept} keep theirs`;
  return outcomeAdvice("scopes-missing", kept === "" ? "" : local);
}

/** Returns the more precise key where the gateway's code or, on releases without codes, its message has one. */
function keyFor(outcome: string, reason: string, message = ""): string {
  if (outcome === "unauthorized") {
    // 2026.2 has no details.code; its message is `unauthorized: gateway token missing (…)`.
    const [, what] = /gateway ((?:token|password) (?:missing|mismatch))/i.exec(message) ?? [];
    return what === undefined ? reason : `AUTH_${what.toUpperCase().replace(" ", "_")}`;
  }
  // 2026.9 says PROTOCOL_MISMATCH, too, if its own page is of another build.
  if (outcome === "protocol-mismatch" && /reload this page/i.test(message))
    return "CONTROL_UI_BUILD_MISMATCH";
  // A newer client sends what an older gateway rejects: 2026.2 does not know `auth.deviceToken`.
  if (outcome === "gateway-closed" && /invalid connect params/i.test(message)) return "invalid-connect";
  return reason;
}

function retryTime(refused: ConnectError | undefined, otherwise: string): string {
  return refused?.retryAfterMs === undefined ? otherwise : `${Math.ceil(refused.retryAfterMs / 1000)} s`;
}
