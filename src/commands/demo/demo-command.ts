import { createDevice, type Device } from "../../openclaw/device.ts";
import { attemptRows, resultRows } from "./demo-report.ts";
import { openSandbox, type DemoAttempt, type Sandbox } from "./demo-sandbox.ts";
import { FORWARDING_HEADERS, PUBLIC_HOST } from "./infrastructure.ts";
import type { SimulatedRelease } from "./simulated-gateway.ts";

type Write = (text: string) => void;

const INTRODUCTION = `A MicroVM's infrastructure is a proxy between clients and OpenClaw's gateway. It adds
${FORWARDING_HEADERS.map(([name, value]) => `    ${name}: ${value}`).join("\n")}
and sets Host to ${PUBLIC_HOST}. The gateway then treats a client on its own machine as a remote one.

Two parts are simulated here: the gateway, which decides as the named release of OpenClaw does, and the
infrastructure. The client, its signature and the shim are real. Everything runs in this process, on loopback.
Each sandbox is new and knows no device; the client is the same in all of them.
`;

const SCENARIOS = [
  {
    release: "2026.2.19",
    summary: "An old release. One forwarding header makes the client remote: somebody has to approve it.",
    show: showRefusedThenConnected,
  },
  {
    release: "2026.9.6",
    summary: "A new release. It refuses the connection before the client can send anything.",
    show: showRefusedThenConnected,
  },
  {
    release: "2026.4.5",
    summary:
      "The client connected once without the shim. Its pairing request is still pending, so clean\n  headers are not enough; the shim reports the fix.",
    show: showPendingRequest,
  },
] as const;

const nextSteps = (program: string): string => `That was the demo. On the machine of your gateway:
    ${program} run      runs the shim: 127.0.0.1:18788 in front of ws://127.0.0.1:18789
    ${program} env      prints what to set so that OpenClaw's tools use it
    ${program} doctor   reports whether they are local now, and if not, why
`;

/**
 * Runs the scenarios and writes what happened: a client is refused without the shim and connects through it.
 *
 * @param program the command that the user typed
 * @returns 0, or 1 if a scenario ended in another way
 */
export async function demo(write: Write, program: string): Promise<number> {
  try {
    write(`${INTRODUCTION}\n`);
    const device = createDevice();
    for (const { release, summary, show } of SCENARIOS) {
      write(`OpenClaw ${release}\n\n  ${summary}\n\n`);
      await show(release, write, device);
    }
    write(nextSteps(program));
    return 0;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    write(`\nThe demo failed: ${error.message}\n`);
    return 1;
  }
}

async function showRefusedThenConnected(
  release: SimulatedRelease,
  write: Write,
  device: Device,
): Promise<void> {
  await inSandbox(release, async (sandbox) => {
    const result = await sandbox.connectWithoutShim(device);
    write(`  without the shim: client -> infrastructure -> gateway\n${resultRows(result)}\n`);
    expectThat(!result.ok, `${release} accepted the client without the shim`);
  });
  // Another sandbox: the first gateway may remember the refused client.
  await inSandbox(release, async (sandbox) => {
    const attempt = await sandbox.connectThroughShim(device);
    write(`  with the shim: client -> infrastructure -> shim -> gateway\n${attemptRows(attempt)}\n`);
    expectConnected(release, attempt);
  });
}

async function showPendingRequest(release: SimulatedRelease, write: Write, device: Device): Promise<void> {
  await inSandbox(release, async (sandbox) => {
    await sandbox.connectWithoutShim(device);
    const refused = await sandbox.connectThroughShim(device);
    write(`  with the shim: client -> infrastructure -> shim -> gateway\n${attemptRows(refused)}\n`);
    const { outcome, requestId = "" } = refused.outcome;
    expectThat(outcome === "pairing-required", `${release} has no pending request`);
    sandbox.approve(requestId);
    const attempt = await sandbox.connectThroughShim(device);
    write(`  the same again, after that one command\n${attemptRows(attempt)}\n`);
    expectConnected(release, attempt);
  });
}

async function inSandbox(release: SimulatedRelease, act: (sandbox: Sandbox) => Promise<void>): Promise<void> {
  const sandbox = await openSandbox(release);
  try {
    await act(sandbox);
  } finally {
    await sandbox.close();
  }
}

function expectConnected(release: SimulatedRelease, { result, outcome }: DemoAttempt): void {
  expectThat(result.ok && outcome.outcome === "connected", `${release} refused the client through the shim`);
}

function expectThat(condition: boolean, otherwise: string): void {
  if (!condition) throw new Error(otherwise);
}
