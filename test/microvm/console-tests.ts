import { expect, it } from "vitest";
import { FAKE_RELEASES } from "../fake-gateway/behaviors.ts";

type Records = readonly Readonly<Record<string, unknown>>[];

/** A process of the shim. */
interface Process {
  readonly pid: number;
  readonly uid: number;
  readonly noNewPrivileges: boolean;
}

interface Killed {
  readonly before: Process;
  readonly after: Process;
  readonly through: unknown;
}

/** The refusal of each release for a client with forwarding headers (docs/gateway.md section 1). */
const REFUSED = {
  "2026.2.19": { close: { code: 1008 } },
  "2026.3.23": { close: { code: 1008 } },
  "2026.4.5": { close: { code: 1008 } },
  "2026.9.6": { http: 403 },
} as const;

/** Defines the tests of the console output of a machine that ran inside/releases.ts. */
export function testConsole(console: () => Records): void {
  it("pairs a client that every release's gateway refuses without the shim", () => {
    const records = console();
    expect(records.filter(({ release }) => release !== undefined)).toMatchObject(
      FAKE_RELEASES.map((release) => ({
        release,
        without: { ok: false, ...REFUSED[release] },
        through: { ok: true },
      })),
    );
    expect(records).toContainEqual({ done: true });
  });

  it("prints the outcome lines on its console", () => {
    // The last release's gateway has one more connection, after the shim was killed.
    const versions = [...FAKE_RELEASES, ...FAKE_RELEASES.slice(-1)];
    const outcomes = console().filter(({ event }) => event === "pairing.outcome");
    expect(outcomes).toMatchObject(
      versions.map((version) => ({
        outcome: "connected",
        gateway: { version },
        client: { id: "cli" },
        normalized: {
          host: { from: "sandbox.example.com", to: "127.0.0.1:18789" },
          stripped: {
            "x-forwarded-for": "203.0.113.7",
            forwarded: expect.stringContaining("203.0.113.7") as unknown,
          },
        },
      })),
    );
    expect(outcomes).toHaveLength(versions.length);
  });

  it("restarts the shim after SIGKILL, not as root", () => {
    const killed = console().find(({ before }) => before !== undefined);
    const { before, after, through } = killed as unknown as Killed;
    expect(through).toEqual({ ok: true });
    expect(after.pid).not.toBe(before.pid);
    for (const { uid, noNewPrivileges } of [before, after]) {
      expect(uid).toBeGreaterThan(0);
      expect(noNewPrivileges).toBe(true);
    }
  });

  it("lets the shim exit cleanly at shutdown", () => {
    expect(console().findLast(({ event }) => event !== undefined)).toMatchObject({ event: "stopped" });
  });
}
