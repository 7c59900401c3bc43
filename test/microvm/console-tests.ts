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

/** How each release refuses a client that seems to come from afar: docs/gateway.md section 1. */
const REFUSED = {
  "2026.2.19": { close: { code: 1008 } },
  "2026.3.23": { close: { code: 1008 } },
  "2026.4.5": { close: { code: 1008 } },
  "2026.9.6": { http: 403 },
} as const;

/** The tests of what a machine that ran inside/releases.ts wrote on its console. */
export function itPairs(written: () => Records): void {
  it("pairs a client that every release's gateway refuses without the shim", () => {
    const records = written();
    expect(records.filter(({ release }) => release !== undefined)).toMatchObject(
      FAKE_RELEASES.map((release) => ({
        release,
        without: { ok: false, ...REFUSED[release] },
        through: { ok: true },
      })),
    );
    expect(records).toContainEqual({ done: true });
  });

  it("has the outcome lines on its console", () => {
    // The last release's gateway is asked once more, after the shim was killed.
    const versions = [...FAKE_RELEASES, ...FAKE_RELEASES.slice(-1)];
    const outcomes = written().filter(({ event }) => event === "pairing.outcome");
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

  it("starts the shim again after SIGKILL, never as root", () => {
    const killed = written().find(({ before }) => before !== undefined);
    const { before, after, through } = killed as unknown as Killed;
    expect(through).toEqual({ ok: true });
    expect(after.pid).not.toBe(before.pid);
    for (const { uid, noNewPrivileges } of [before, after]) {
      expect(uid).toBeGreaterThan(0);
      expect(noNewPrivileges).toBe(true);
    }
  });

  it("lets the shim end by itself when it goes down", () => {
    expect(written().findLast(({ event }) => event !== undefined)).toMatchObject({ event: "stopped" });
  });
}
