import { shellCommand } from "../../errors.ts";
import type { Advice } from "../../text/advice.ts";
import { authorityOf, isLoopbackName } from "../../net/authority.ts";
import { flag, gatewayFlags } from "../../cli/program.ts";
import { SETTINGS, type Settings } from "../../settings/settings.ts";
import { withoutUndefined } from "../../text/json.ts";
import { printable } from "../../text/printable.ts";

/** One finding of a check, printable and without a secret. */
export interface Finding extends Partial<Advice> {
  readonly check: string;
  /** `note`: nothing to do; `fix`: something to do, and there is a fix; `unknown`: it could not be checked. */
  readonly status: "ok" | "note" | "fix" | "unknown";
  /** One sentence without a full stop. */
  readonly finding: string;
}

/** A finding without the name of its check. */
export type Result = Omit<Finding, "check">;
/** A command of the table, and its value. */
type Command = Readonly<Parameters<typeof shellCommand>>;
/** What a check found. */
export type Results = Promise<Result | readonly Result[]>;

const TEXT_LIMIT = 600;
/** Enough for a header field, a scope or a name. */
const ITEM_LIMIT = 64;

export const ok = (text: string) => resultOf("ok", text);
export const note = (text: string, fix?: string, command?: Command) => resultOf("note", text, fix, command);
export const toFix = (text: string, fix: string, command?: Command) => resultOf("fix", text, fix, command);
export const unknown = (text: string, fix?: string) => resultOf("unknown", text, fix);

function resultOf(status: Finding["status"], finding: string, fix?: string, command?: Command): Result {
  const texts = {
    fix: fix && printable(fix, TEXT_LIMIT),
    command: command && printable(shellCommand(...command), TEXT_LIMIT),
  };
  return withoutUndefined({ status, finding: printable(finding, TEXT_LIMIT), ...texts });
}

/** Formats a list for a sentence, at most `limit` items of it. */
export function list(items: readonly string[], limit = 8): string {
  const shown = items.slice(0, limit).map((item) => printable(item, ITEM_LIMIT));
  return `${shown.join(" ") || "none"}${items.length > limit ? ` and ${items.length - limit} more` : ""}`;
}

/** Returns a command about the shim that doctor looked at, with the flags that are not the default. */
export function shimCommand(
  command: "run" | "install" | "env",
  { program, settings }: { readonly program: string; readonly settings: Settings },
): string {
  const { listen, allowFrom, gateway } = settings;
  const texts = listen.map(authorityOf);
  const isDefault = texts.join() === SETTINGS.listen.default.join();
  const listeners = isDefault ? [] : texts.map((text) => ` ${flag("listen", text)}`);
  // A listener beyond loopback requires them.
  const peers = allowFrom.map((cidr) => ` --allow-from ${cidr}`);
  const { url, host, fingerprint } = gateway;
  const place = gatewayFlags(url, !isLoopbackName(host), fingerprint);
  return [`${program} ${command}`, ...listeners, ...peers, place].join("");
}
