import { isLoopbackName } from "../net/authority.ts";
import { OPERATOR_SCOPES } from "../openclaw/scopes.ts";
import { closest } from "../text/closest.ts";
import type { SettingProblem } from "./settings-error.ts";
import type { Settings } from "./settings.ts";

/** Further scopes of OpenClaw 2026.9.6 (dist/), which messages do not offer. */
const OTHER_SCOPES = [
  "operator.questions",
  "operator.sessions.read",
  "operator.sessions.write",
  "operator.talk",
  "operator.talk.secrets",
] as const;
/** Names that OpenClaw knows (docs/gateway.md section 2). A gateway may know others, but it ignores a mistyped one. */
const KNOWN = {
  scope: { offered: OPERATOR_SCOPES, others: OTHER_SCOPES },
  role: { offered: ["operator", "node"], others: [] },
} satisfies Record<string, Record<"offered" | "others", readonly string[]>>;

/**
 * Returns the settings that are valid, but probably do not do what their user expects.
 *
 * @param settings `listen` are the addresses that will be listened on
 */
export function settingsWarnings(
  settings: Pick<Settings, "listen" | "allowFrom" | "forwarded" | "approveScopes" | "approveRoles">,
): readonly SettingProblem[] {
  const { listen, allowFrom, forwarded } = settings;
  const warnings = [
    ...unknownAccess("--approve-scopes", "scope", settings.approveScopes),
    ...unknownAccess("--approve-roles", "role", settings.approveRoles),
  ];
  // With `--forwarded private` it also says which forwarded addresses are private.
  if (allowFrom.length === 0 || forwarded === "private") return warnings;
  if (listen.some(({ host }) => !isLoopbackName(host))) return warnings;
  const idle: SettingProblem = {
    setting: "--allow-from",
    value: allowFrom.join(", "),
    problem: "has no effect, as only this machine can connect to a loopback address",
    fix: "give --listen HOST:PORT with an address that these peers can reach, or leave it out",
  };
  return [idle, ...warnings];
}

/** Returns a warning for each scope or role that OpenClaw is not known to have. */
export function unknownAccess(
  setting: string,
  what: keyof typeof KNOWN,
  names: readonly string[],
): readonly SettingProblem[] {
  const offered: readonly string[] = KNOWN[what].offered;
  const known = new Set<string>([...offered, ...KNOWN[what].others]);
  const problem = `is not a known ${what} of OpenClaw, so it may grant nothing`;
  return names
    .filter((name) => !known.has(name))
    .map((value) => {
      const meant = closest(value, offered);
      const hint = meant === undefined ? "" : `did you mean ${meant}? `;
      return { setting, value, problem, fix: `${hint}known are ${offered.join(", ")}` };
    });
}
