import { auth } from "./checks/auth.ts";
import { autoApproveLocal } from "./checks/auto-approve.ts";
import { direct } from "./checks/direct.ts";
import { files } from "./checks/files.ts";
import { gateway } from "./checks/gateway.ts";
import { left } from "./checks/left.ts";
import { listen } from "./checks/listen.ts";
import { paths } from "./checks/paths.ts";
import { pending } from "./checks/pending.ts";
import { runtime } from "./checks/runtime.ts";
import { scopes } from "./checks/scopes.ts";
import { shim } from "./checks/shim.ts";
import { token } from "./checks/token.ts";
import { tools } from "./checks/tools.ts";
import { traffic } from "./checks/traffic.ts";
import { trustedProxies } from "./checks/trusted-proxies.ts";
import type { Facts } from "./facts.ts";
import type { Check, Finding } from "./finding.ts";

/** Every check, in the order of the table: first what the others stand on. */
export const CHECKS: readonly Check<Facts>[] = [
  files,
  gateway,
  runtime,
  token,
  direct,
  trustedProxies,
  autoApproveLocal,
  shim,
  listen,
  tools,
  paths,
  traffic,
  auth,
  pending,
  scopes,
  left,
];

/** Judges what was gathered, check by check. */
export function diagnose(facts: Facts): readonly Finding[] {
  // Of another shim nothing else would be true.
  return (facts.gatewayIsShim ? [files, gateway] : CHECKS).flatMap((check) => check(facts));
}
