import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { table } from "../../docs/markdown.ts";
import { NEWEST } from "../releases.ts";
import { CLIENTS } from "./clients.ts";
import { REWRITTEN_HOST } from "./injected.ts";
import type { Cell, Matrix, Row } from "./run.ts";
import { SITUATIONS } from "./situations.ts";

const ROOT = join(import.meta.dirname, "..", "..", "..");
/** The page that `npm run releases` writes up to `PROXIES`, and `npm run test:proxies` from there on. */
export const PAGE = join(ROOT, "docs", "compatibility.md");
/** The heading of what was seen behind reverse proxies. */
export const PROXIES = "## Behind reverse proxies\n";
const FACTS = join(ROOT, "src", "openclaw", "release-facts.json");

/** What a release was seen to do. */
export interface Seen {
  /** The cells of `SITUATIONS`, by their texts. */
  readonly situations: Readonly<Record<string, string>>;
  /** The tables of injected headers. */
  readonly headers: string;
}

/** What each measured release was seen to do. */
type SeenByRelease = ReadonlyMap<string, Seen>;

/** The head of the first column. */
const SITUATION = "situation";

const PREAMBLE = `# Compatibility

How each release of OpenClaw's gateway treats its clients, without openclaw-shim and with it. \`npm run releases -- VERSION…\`
starts the real gateway of each release on loopback, with \`gateway.auth.mode=token\`, and fails if it behaves differently from
this file; with \`--update\` it writes this file and \`src/openclaw/release-facts.json\`, which the code reads. A release that
is not here counts as the nearest newer one, or as the newest.

## Situations

Without the shim. Every client sends the gateway's token, and is a new device on a clean loopback connection where the row does
not say otherwise. The situations are in \`test/gateway/matrix/situations.ts\`.

- \`ok\`: \`hello-ok\`. Releases since 2026.3 name the reason of a 1008.
- \`403\`: the upgrade is refused with \`proxy_attribution_required\`.
- \`A, then B\`: the results of two attempts of one device. An \`ok\` of the first is not shown.
- Scopes: \`all\`, \`operator.read\` or \`none\`. The client requests all, and tries calls that need \`operator.read\` and
  \`operator.admin\`.
`;

const HEADERS_PREAMBLE = `## Injected headers

Each cell stands for two handshakes of two new devices with the gateway's token: **without the shim → through it**, or one
word if both results are the same. Headers with the same results share a row, and releases with the same tables a section; the
headers' values are in \`test/gateway/matrix/injected.ts\`.

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

/** Formats the tables of injected headers of one release. */
export function headerTables({ rows }: Matrix): string {
  const unchanged = rows.filter(({ host }) => host === undefined);
  const rewritten = rows.filter(({ host }) => host !== undefined);
  return [
    "Host as the client sent it:\n",
    headerTable(unchanged),
    `Host rewritten to \`${REWRITTEN_HOST}\`:\n`,
    headerTable(rewritten),
  ]
    .join("\n")
    .trim();
}

/** Returns what is recorded of a release; of an unknown release, that of the newest. */
export function recordOf(version: string): Seen | undefined {
  const record = readRecord();
  return record.get(version) ?? record.get(NEWEST);
}

/** Records a release: in the page, and in the facts that the code reads. */
export function updateRecord(version: string, seen: Seen): void {
  const record = readRecord().set(version, seen);
  writeFileSync(PAGE, compatibilityPage(record));
  writeFileSync(FACTS, factTable(record));
}

/** Reads the page. */
export function readRecord(): Map<string, Seen> {
  const [measured = ""] = readFileSync(PAGE, "utf8").split(PROXIES);
  const [first = "", ...sections] = measured.split(/^### /m);
  const [head = [], , ...rows] = first
    .slice(first.indexOf(`| ${SITUATION} |`))
    .split("\n\n", 1)
    .flatMap((text) => text.split("\n").map((row) => row.slice(2, -2).split(" | ")));
  const record = new Map<string, Seen>();
  for (const section of sections) {
    const [versions = "", ...lines] = section.split("\n");
    for (const version of versions.split(", ")) {
      const column = head.indexOf(version);
      const situations = Object.fromEntries(rows.map((cells) => [cells[0], cells[column] ?? ""]));
      record.set(version, { situations, headers: lines.join("\n").trim() });
    }
  }
  return record;
}

/** Formats the page; what was seen behind reverse proxies stays as it is. */
export function compatibilityPage(record: SeenByRelease): string {
  const versions = releasesOf(record);
  const rows = SITUATIONS.map(({ what }) => [
    what,
    ...versions.map((version) => record.get(version)?.situations[what] ?? ""),
  ]);
  const sections = new Map<string, string[]>();
  for (const version of versions) {
    const headers = record.get(version)?.headers ?? "";
    sections.set(headers, [...(sections.get(headers) ?? []), version]);
  }
  return [
    `${PREAMBLE}\n${table([SITUATION, ...versions], rows)}\n${HEADERS_PREAMBLE}`,
    ...[...sections].map(([headers, seenOn]) => `### ${seenOn.join(", ")}\n\n${headers}\n`),
    `${PROXIES}${readFileSync(PAGE, "utf8").split(PROXIES)[1] ?? ""}`,
  ].join("\n");
}

/** Formats the table of facts: the releases on which each holds. */
export function factTable(record: SeenByRelease): string {
  const measured = releasesOf(record);
  const facts = SITUATIONS.flatMap(({ what, fact }) => {
    if (!fact) return [];
    const [name, cell] = fact;
    const holding = measured.filter((version) => cell.test(record.get(version)?.situations[what] ?? ""));
    return [[name, holding.join(" ")] as const];
  });
  const sorted = Object.fromEntries(facts.toSorted(([a], [b]) => a.localeCompare(b)));
  return `${JSON.stringify({ measured: measured.join(" "), facts: sorted }, undefined, 2)}\n`;
}

function releasesOf(record: SeenByRelease): string[] {
  return [...record.keys()].toSorted((a, b) => a.localeCompare(b, "en", { numeric: true }));
}

/** Formats a table of headers. Rows with the same cells are merged at the position of the first. */
function headerTable(rows: readonly Row[]): string {
  const names = new Map<string, string[]>();
  for (const { injected, cells } of rows) {
    const key = cells.map(cellText).join(" | ");
    names.set(key, [...(names.get(key) ?? []), injected.name]);
  }
  return table(
    ["injected", ...CLIENTS.map(({ name }) => name)],
    [...names].map(([cells, injected]) => [
      injected.length === rows.length ? "nothing, or any of them" : injected.join(", "),
      cells,
    ]),
  );
}

function cellText({ without, through }: Cell): string {
  return without === through ? through : `${without} → ${through}`;
}
