import { closeSync, openSync } from "node:fs";
import { Writable } from "node:stream";
import { describe, expect, it, onTestFinished } from "vitest";
import { createLogger } from "../../src/log/logger.ts";
import type { Stdout } from "../../src/log/logger.ts";
import type { Settings } from "../../src/settings/settings.ts";

const LARGE = "x".repeat(100_000);

/** Writes 20 large lines to a blocked stdout and one more line afterwards. Returns the events that it received. */
async function eventsAfterBlockedStdout(logLevel: Settings["logLevel"]): Promise<unknown[]> {
  const read: string[] = [];
  let unblock = (): void => {};
  const blocked = new Writable({
    decodeStrings: false,
    write(line: string, _encoding, done) {
      read.push(line);
      if (read.length === 1) unblock = done;
      else done();
    },
  });
  const fd = openSync("/dev/null", "w");
  onTestFinished(() => closeSync(fd));
  const stdout = Object.assign(blocked, { fd, isTTY: false }) as unknown as Stdout;
  const logger = await createLogger(
    { logLevel, logFormat: "json", nextSteps: () => Promise.resolve(() => []) },
    stdout,
  );
  for (let i = 0; i < 20; i += 1) logger.error({ event: "large", LARGE });
  unblock();
  await expect.poll(() => blocked.writableLength).toBe(0);
  logger.error({ event: "last" });
  await expect.poll(() => blocked.writableLength).toBe(0);
  return read.map((line) => (JSON.parse(line) as Record<string, unknown>)["event"]);
}

describe("lines that a blocked stdout does not accept", () => {
  it.each(["info", "warn", "error"] as const)("are counted, at --log-level %s too", async (level) => {
    const events = await eventsAfterBlockedStdout(level);
    expect(events.filter((event) => event === "large").length).toBeLessThan(20);
    expect(events.slice(-2)).toEqual(["last", "log.dropped"]);
  });
});
