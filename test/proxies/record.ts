import { readFileSync, writeFileSync } from "node:fs";
import { table } from "../docs/markdown.ts";
import { PAGE, PROXIES } from "../gateway/matrix/document.ts";
import { HOST } from "./proxies.ts";

/** What passed through one proxy and the shim: `documented → fixed` in each cell but the first two. */
export interface Traffic {
  readonly proxy: string;
  /** The fields that it adds to an upgrade. */
  readonly adds: readonly string[];
  /** The Host that it sends. */
  readonly host: string;
  readonly message: string;
  readonly socket: string;
  readonly events: string;
  readonly download: string;
}

/** What the clients of one release got behind one proxy: `without → through` the shim in each cell. */
export interface Clients {
  readonly proxy: string;
  readonly cells: readonly string[];
  /** Of 25 MB, through proxy and shim. */
  readonly message: string;
}

const CLIENT_HEADS = ["proxy", "CLI", "backend", "node", "Control UI", "a request of 25 MB"];
const TRAFFIC_HEADS = ["proxy", "adds", "Host", "WebSocket", "events", "25 MB message", "100 MB download"];
const TRAFFIC = "What passes through";
/** Columns that only the long run measures. */
const LONG = new Set([3, 4].map((column) => TRAFFIC_HEADS[column]));

const PREAMBLE = `
The programs are Debian 12's, each with the file in \`test/proxies/config/\`, between the clients and the real gateway, and
between the clients and the shim. \`npm run test:proxies\` fails if one behaves differently from this section; with \`UPDATE=1\` it
writes it.

### Clients

As above: **without the shim → through it**. The CLI is OpenClaw's own, at the proxy's loopback address: \`ok\` is a \`cron list\` that
succeeds. The other clients send \`Host: ${HOST}\`, and the Control UI's origin is \`http://${HOST}\`. The
shim runs with \`--allow-host ${HOST}\` and \`--allow-origin http://${HOST}\`. Through \`ssh -L\` all
use the tunnel's own address. The last column is a request of 25 MB to the gateway, through proxy and shim: the gateway closes a
connection at a message of more than 25 MiB, and no proxy limits it.
`;

const TRAFFIC_PREAMBLE = `
Through proxy and shim, to a gateway of the tests, which echoes messages and sends long responses. A cell has two results if they
differ: **with the file as the program's documentation has it → with the lines after \`# Fix:\`, too**.

- adds: the fields that the program adds to an upgrade. Those that tell of the client do not get past the shim.
- Host: what the program sends as Host to the gateway.
- WebSocket: a connection of ten minutes with silences of 70 s and of 370 s. OpenClaw's gateway sends a \`tick\` every 30 s to
  clients that it has accepted, so only its other WebSockets are so silent.
- events: \`POST /v1/chat/completions\` with an event stream: each event arrives before the next is sent, also after silences
  of 70 s and of 370 s. \`held back\`: an event had not arrived after 10 s.
`;

type Sections = Map<string, string>;

/** Records what a release's clients got. */
export function updateClients(version: string, seen: readonly Clients[]): void {
  write(readSections().set(version, clientTable(seen)));
}

/** Records what passed. */
export function updateTraffic(seen: readonly Traffic[]): void {
  write(readSections().set(TRAFFIC, trafficTable(seen)));
}

/** Returns the rows that differ from the page; of a release that it does not have, nothing. */
export function unlikeRecorded(version: string, seen: readonly Clients[]): string[] {
  const recorded = readSections().get(version);
  return recorded === undefined ? [] : different(clientTable(seen), recorded);
}

/** Returns the rows that differ from the page, in the columns that were measured. */
export function trafficUnlikeRecorded(seen: readonly Traffic[], long: boolean): string[] {
  return different(trafficTable(seen), readSections().get(TRAFFIC) ?? "", long ? new Set() : LONG);
}

function clientTable(seen: readonly Clients[]): string {
  return table(
    CLIENT_HEADS,
    seen.map(({ proxy, cells, message }) => [proxy, ...cells.map((cell) => short(cell)), message]),
  );
}

function trafficTable(seen: readonly Traffic[]): string {
  const rows = seen.map(({ proxy, adds, host, ...cells }) => [
    proxy,
    adds.map((name) => `\`${name}\``).join(", ") || "nothing",
    host,
    ...[cells.socket, cells.events, cells.message, cells.download].map((cell) => short(cell)),
  ]);
  return table(TRAFFIC_HEADS, rows);
}

/** Returns `A → A` as `A`. */
function short(cell: string): string {
  const [before, after] = cell.split(" → ");
  return before === after ? (before ?? "") : cell;
}

function different(
  seen: string,
  recorded: string,
  except: ReadonlySet<string | undefined> = new Set(),
): string[] {
  const rows = [seen, recorded].map((text) =>
    text
      .trim()
      .split("\n")
      .map((row) =>
        row
          .split(" | ")
          .filter((_, column) => !except.has(TRAFFIC_HEADS[column]))
          .join(" | "),
      ),
  );
  const [now = [], then = []] = rows;
  return now.flatMap((row, at) => (row === then[at] ? [] : [`${row}, not ${then[at]}`]));
}

function readSections(): Sections {
  const [, part = ""] = readFileSync(PAGE, "utf8").split(PROXIES);
  const sections = part.split(/^####? /m).map((text) => {
    const [title = "", ...lines] = text.split("\n");
    return [title, `${lines.filter((line) => line.startsWith("|")).join("\n")}\n`] as const;
  });
  return new Map(sections.filter(([, rows]) => rows.startsWith("|")));
}

function write(sections: Sections): void {
  const [measured = ""] = readFileSync(PAGE, "utf8").split(PROXIES);
  const versions = [...sections.keys()].filter((title) => title !== TRAFFIC);
  const clients = versions.toSorted((a, b) => a.localeCompare(b, "en", { numeric: true }));
  const texts = [
    PREAMBLE,
    ...clients.map((version) => `#### ${version}\n\n${sections.get(version) ?? ""}`),
    `### ${TRAFFIC}\n${TRAFFIC_PREAMBLE}`,
    sections.get(TRAFFIC) ?? "",
  ];
  writeFileSync(PAGE, `${measured}${PROXIES}${texts.join("\n")}`);
}
