import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { NEWEST } from "../releases.ts";
import { CLIENTS } from "./clients.ts";
import { REWRITTEN_HOST } from "./injected.ts";
import type { Cell, Matrix, Row } from "./run.ts";

const FILE = join(import.meta.dirname, "..", "..", "..", "docs", "compatibility.md");

const PREAMBLE = `# Compatibility

How each release of OpenClaw's gateway treats a client behind a proxy, without openclaw-shim and with it. The cells were
measured: \`OPENCLAW_VERSIONS=… npm run test:gateway compatibility\` starts the real gateways and fails if they behave
differently from this file; with \`UPDATE=1\` it writes this file.

Each cell stands for two handshakes of two new devices with the gateway's token: **without the shim → through it**, or one
word if both results are the same. Headers with the same results share a row; their values are in
\`test/gateway/matrix/injected.ts\`.

| word | meaning |
|---|---|
| \`paired\` | \`hello-ok\`, and the gateway lists the device as paired |
| \`ok\` | \`hello-ok\` without pairing: releases since 2026.3 require none of a local backend that has the token |
| \`1008\` | closed with 1008, pairing required: an operator has to approve the device |
| \`1008 origin\` | closed with 1008, origin not allowed |
| \`403\` | the upgrade is refused with HTTP 403, \`proxy_attribution_required\` |

The Control UI is a web page. If Host is not rewritten, the test opens it at the address of the gateway or the shim. If Host is
rewritten, its origin is \`https://${REWRITTEN_HOST}\`, and the shim runs with \`--allow-host ${REWRITTEN_HOST}\` and
\`--allow-origin https://${REWRITTEN_HOST}\`. The other clients need no flag.
`;

/** Formats the section of one release: two tables, without a trailing newline. */
export function section(version: string, { rows }: Matrix): string {
  const unchanged = rows.filter(({ host }) => host === undefined);
  const rewritten = rows.filter(({ host }) => host !== undefined);
  return [
    `## ${version}`,
    "Host as the client sent it:",
    table(unchanged),
    `Host rewritten to \`${REWRITTEN_HOST}\`:`,
    table(rewritten),
  ].join("\n\n");
}

/** Returns the file's section of a release; of an unknown release, that of the newest. */
export function recordedSection(version: string): string {
  const sections = readSections();
  const newest = (sections.get(NEWEST) ?? "").replace(`## ${NEWEST}`, `## ${version}`);
  return sections.get(version) ?? newest;
}

/** Writes a section into the file, in the order of the releases. */
export function recordSection(version: string, text: string): void {
  const sections = readSections().set(version, text);
  const inOrder = [...sections.keys()].toSorted((a, b) => a.localeCompare(b, "en", { numeric: true }));
  const parts = [PREAMBLE.trimEnd(), ...inOrder.map((key) => sections.get(key) ?? "")];
  writeFileSync(FILE, `${parts.join("\n\n")}\n`);
}

/** Formats a table. Rows with the same cells are merged at the position of the first. */
function table(rows: readonly Row[]): string {
  const names = new Map<string, string[]>();
  for (const { injected, cells } of rows) {
    const key = cells.map(cellText).join(" | ");
    names.set(key, [...(names.get(key) ?? []), injected.name]);
  }
  const header = ["injected", ...CLIENTS.map(({ name }) => name)];
  return [
    `| ${header.join(" | ")} |`,
    `|${"---|".repeat(header.length)}`,
    ...[...names].map(([cells, injected]) => {
      const isEvery = injected.length === rows.length;
      return `| ${isEvery ? "nothing, or any of them" : injected.join(", ")} | ${cells} |`;
    }),
  ].join("\n");
}

function cellText({ without, through }: Cell): string {
  return without === through ? through : `${without} → ${through}`;
}

function readSections(): Map<string, string> {
  let text = "";
  try {
    text = readFileSync(FILE, "utf8");
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
  }
  const parts = text.split(/^(?=## )/m).slice(1);
  return new Map(parts.map((part) => [/^## (.*)$/m.exec(part)?.[1] ?? "", part.trimEnd()]));
}
