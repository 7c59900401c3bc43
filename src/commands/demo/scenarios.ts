import { createDevice } from "../../openclaw/device.ts";
import type { Device } from "../../openclaw/device.ts";
import type { Outcome } from "../../index.ts";
import type { HandshakeResult } from "../../openclaw/connect.ts";
import { isRecord } from "../../text/json.ts";
import { FORWARDING_HEADERS } from "./header-injecting-proxy.ts";
import { openSandbox, PUBLIC_HOST } from "./demo-sandbox.ts";
import type { Attempt, Sandbox } from "./demo-sandbox.ts";
import type { FakeRelease } from "../../../test/fake-gateway/behaviors.ts";

/** Something in the story went otherwise than told. */
export class StoryError extends Error {
  override readonly name = "StoryError";
}

const VALUE_COLUMN = 18;
/** What the fix says and what is to be run stand each on a line. */
const BEFORE_COMMAND = /: (?=openclaw )/;

type Write = (text: string) => void;

const INTRODUCTION = `A MicroVM's infrastructure stands between a client and OpenClaw's gateway. It adds
${FORWARDING_HEADERS.map(([name, value]) => `    ${name}: ${value}`).join("\n")}
and rewrites Host to ${PUBLIC_HOST}. So the gateway takes a client on its own machine for one from elsewhere.

Here the gateway is a stand-in that decides as the named release of OpenClaw does, and the infrastructure is a
small hop that does what is said above. The client, its signature and the shim are real. Everything is in this
process, on loopback; each sandbox is new and knows nobody, and the client is the same in all of them.
`;

/** Where each release is told of: what it is that happens there. */
const CHAPTERS: readonly (readonly [
  release: FakeRelease,
  what: string,
  tell: typeof refusedThenConnected,
])[] = [
  [
    "2026.2.19",
    "An old release. One forwarding header, and the client is a stranger to be approved.",
    refusedThenConnected,
  ],
  ["2026.9.6", "A new release. It does not even let the client speak.", refusedThenConnected],
  [
    "2026.4.5",
    "The client came once before the shim was there. The gateway remembers that refusal, and\n  clean headers alone do not help; the shim says what does.",
    refusedBefore,
  ],
];

const next = (program: string): string => `That was all of it. Where your gateway runs:
    ${program} run      keeps the shim running: 127.0.0.1:18788 in front of ws://127.0.0.1:18789
    ${program} env      prints what to set so that OpenClaw's tools use it
    ${program} doctor   says whether they are local now, and if not, why
`;

/**
 * Tells the story, and lives it: a client refused without the shim, connected through it, on an old and a new
 * release; then what the shim says where its work is not enough.
 *
 * @param program how the user calls it, for the commands at the end
 * @throws StoryError when something goes otherwise.
 */
export async function tell(write: Write, program: string): Promise<void> {
  write(`${INTRODUCTION}\n`);
  const device = createDevice();
  for (const [release, what, chapter] of CHAPTERS) {
    write(`OpenClaw ${release}\n\n  ${what}\n\n`);
    await chapter(write, release, device);
  }
  write(next(program));
}

/** The same client and release, without the shim and, where nothing of that is remembered, with it. */
async function refusedThenConnected(write: Write, release: FakeRelease, device: Device): Promise<void> {
  await within(release, async (sandbox) => {
    const result = await sandbox.connectWithoutShim(device);
    write(
      `  without the shim: client -> infrastructure -> gateway\n${facts([["refused", seenByUser(result)]])}\n`,
    );
    expectThat(!result.ok, `${release} let the client in without the shim`);
  });
  await within(release, async (sandbox) => {
    const attempt = await sandbox.connectThroughShim(device);
    write(`  with the shim: client -> infrastructure -> shim -> gateway\n${connected(attempt)}\n`);
    expectConnected(release, attempt);
  });
}

/** A refusal that the gateway remembers: headers alone do not help, so the shim says what does. */
async function refusedBefore(write: Write, release: FakeRelease, device: Device): Promise<void> {
  await within(release, async (sandbox) => {
    await sandbox.connectWithoutShim(device);
    const { result, outcome } = await sandbox.connectThroughShim(device);
    write(`  with the shim: client -> infrastructure -> shim -> gateway\n`);
    write(`${facts([["refused", seenByUser(result)], ...outcomeFacts(outcome)])}\n`);
    const { requestId } = outcome;
    expectThat(
      outcome.outcome === "pairing-required" && requestId !== undefined,
      `${release} did not remember`,
    );
    await sandbox.approve(requestId ?? "");
    const attempt = await sandbox.connectThroughShim(device);
    write(`  the same again, after that one command\n${connected(attempt)}\n`);
    expectConnected(release, attempt);
  });
}

async function within(release: FakeRelease, act: (sandbox: Sandbox) => Promise<void>): Promise<void> {
  const sandbox = await openSandbox(release);
  try {
    await act(sandbox);
  } finally {
    await sandbox.close();
  }
}

type Fact = readonly [name: string, value: string];

function connected({ result, outcome }: Attempt): string {
  const hello = result.ok ? `hello-ok, protocol ${String(result.hello["protocol"])}` : seenByUser(result);
  return facts([[result.ok ? "connected" : "refused", hello], ...outcomeFacts(outcome)]);
}

/** The outcome line, field by field. */
function outcomeFacts(outcome: Outcome): Fact[] {
  const { client, deviceId = "", role = "?", grantedScopes, gateway, normalized, fix } = outcome;
  const why = outcome.reason === undefined ? "" : ` (${outcome.reason})`;
  const stripped = Object.keys(normalized.stripped);
  const rows: (Fact | undefined)[] = [
    ["shim reports", `${outcome.outcome}${why} after ${Math.round(outcome.ms)} ms`],
    client && ["client", `${client.id}, device ${deviceId.slice(0, 12)}`],
    grantedScopes && ["granted", `${role}: ${grantedScopes.join(" ")}${tokenNote(outcome)}`],
    gateway?.version === undefined ? undefined : ["gateway", gateway.version],
    normalized.host && ["Host", `${normalized.host.from} -> ${normalized.host.to}`],
    stripped.length === 0 ? undefined : ["removed", stripped.join(" ")],
    fix === undefined ? undefined : ["fix", fix.replace(BEFORE_COMMAND, `:\n${" ".repeat(VALUE_COLUMN)}`)],
  ];
  return rows.filter((row) => row !== undefined);
}

function tokenNote({ deviceToken }: Outcome): string {
  return deviceToken === undefined ? "" : ", and a device token";
}

/** What OpenClaw's own tools print of a refusal. */
function seenByUser(result: HandshakeResult): string {
  if (result.ok) return "nothing: it connected";
  if (result.http) return `HTTP ${result.http.status} ${errorType(result.http.body)}`;
  if (result.close) return `gateway closed (${result.close.code}): ${result.close.reason}`;
  return result.failure ?? "no answer";
}

function errorType(body: string): string {
  try {
    const parsed: unknown = JSON.parse(body);
    const error = isRecord(parsed) ? parsed["error"] : undefined;
    return isRecord(error) && typeof error["type"] === "string" ? error["type"] : "";
  } catch {
    return "";
  }
}

function facts(rows: readonly Fact[]): string {
  return rows.map(([name, value]) => `    ${name}`.padEnd(VALUE_COLUMN) + `${value}\n`).join("");
}

function expectConnected(release: FakeRelease, { result, outcome }: Attempt): void {
  expectThat(result.ok && outcome.outcome === "connected", `${release} refused the client through the shim`);
}

function expectThat(so: boolean, otherwise: string): void {
  if (!so) throw new StoryError(otherwise);
}
