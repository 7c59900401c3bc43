import { authorityOf, isLoopbackName, reachableAt } from "../../net/authority.ts";
import { flag, placeFlags, type Place } from "../../cli/program.ts";
import { SETTINGS } from "../../settings/settings.ts";
import { printable } from "../../text/printable.ts";
import type { DoctorRequest } from "./doctor-context.ts";
import type { Finding, FindingStatus } from "./finding.ts";

const WORDS: Readonly<Record<FindingStatus, string>> = { ok: "ok", note: "note", fix: "FIX", unknown: "?" };
const WIDTH = 110;
/** Enough for a header field, a scope or a name. */
const ITEM_LIMIT = 64;

/**
 * Renders findings as a table: check, finding, and below it the fix and the command. Findings are wrapped at 110
 * columns without breaking a word; a fix is one line, as is a command, so that commands can be copied.
 */
export function renderTable(findings: readonly Finding[]): string {
  const first = Math.max(...findings.map(({ check }) => check.length), 0) + 2;
  const indent = " ".repeat(first + 6);
  return findings
    .map(({ check, status, finding, fix, command }, at) => {
      const name = check === findings[at - 1]?.check ? "" : check;
      const rows = [
        ...wrapped(finding, indent.length),
        ...(fix === undefined ? [] : [`-> ${fix}`]),
        ...(command === undefined ? [] : [`   ${command}`]),
      ];
      const head = `${name.padEnd(first)}${WORDS[status].padEnd(6)}`;
      return rows.map((row, line) => `${line === 0 ? head : indent}${row}\n`).join("");
    })
    .join("");
}

/** Returns the first characters of a device id, as OpenClaw's own lists show it. */
export function shortId(deviceId: string): string {
  return deviceId.length > 16 ? `${deviceId.slice(0, 12)}…` : deviceId;
}

/** Formats a list for a sentence, at most `limit` items of it. */
export function list(items: readonly string[], limit = 8): string {
  const shown = items
    .slice(0, limit)
    .map((item) => printable(item, ITEM_LIMIT))
    .join(" ");
  return items.length > limit ? `${shown} and ${items.length - limit} more` : shown || "none";
}

function wrapped(text: string, indent: number): string[] {
  const rows: string[] = [];
  let row = "";
  for (const word of text.split(" ")) {
    if (row !== "" && indent + row.length + 1 + word.length > WIDTH) {
      rows.push(row);
      row = "";
    }
    row = row === "" ? word : `${row} ${word}`;
  }
  return [...rows, row];
}

type Request = Pick<DoctorRequest, "program" | "settings">;

/** Returns the `env` command for the shim that doctor looked at. */
export function envCommand({ program, settings }: Request): string {
  const [first] = settings.listen;
  const place = { ...gatewayOf(settings), listen: first && reachableAt(first), fingerprint: undefined };
  return `${program} env${placeFlags(place)}`;
}

/** Returns the command that starts such a shim: in the foreground, or as a service. */
export function startCommand(command: "run" | "install", { program, settings }: Request): string {
  const texts = settings.listen.map(authorityOf);
  const listen = texts.join() === SETTINGS.listen.default?.join() ? [] : texts;
  // Beyond loopback it does not start without them.
  const peers = settings.allowFrom.map((cidr) => ` --allow-from ${cidr}`);
  const listeners = listen.map((text) => ` ${flag("listen", text)}`);
  return [`${program} ${command}`, ...listeners, ...peers, placeFlags(gatewayOf(settings))].join("");
}

function gatewayOf({ gateway: { url, host, fingerprint } }: Request["settings"]): Place {
  return { gateway: url, remote: !isLoopbackName(host), fingerprint };
}
