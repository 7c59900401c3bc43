import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readOpenclawFiles } from "../../../src/commands/doctor/openclaw-files.ts";
import { PrePairError } from "../../../src/commands/pre-pair/state-file.ts";
import { readIdentity } from "../../../src/openclaw/device.ts";
import { withoutRequestsOf } from "../../../src/commands/pre-pair/device-entries.ts";
import { readStateFile } from "../../../src/commands/pre-pair/state-file.ts";
import { isPrintable, invariant, type RunResult, type Target } from "./target.ts";

const ID = "d".repeat(64);
const REQUEST = {
  requestId: "r1",
  deviceId: ID,
  publicKey: "pk",
  role: "operator",
  scopes: ["operator.read"],
  ts: 1,
};
const PAIRED = {
  deviceId: ID,
  publicKey: "pk",
  roles: ["operator"],
  scopes: ["operator.read"],
  tokens: { operator: { token: "Canary", role: "operator", scopes: [], createdAtMs: 1 } },
};
const SEEDS = [
  JSON.stringify({ r1: REQUEST }),
  JSON.stringify([REQUEST]),
  JSON.stringify({ [ID]: PAIRED }),
  JSON.stringify({
    version: 1,
    deviceId: ID,
    publicKeyPem: "-----BEGIN PUBLIC KEY-----",
    privateKeyPem: "x",
  }),
] as const;
const WORDS = [
  "{",
  "}",
  "[",
  "]",
  ":",
  ",",
  '"',
  "\\",
  "\n",
  "\u0000",
  "\u00ff",
  "null",
  "1e999",
  "{}",
  "[]",
  '"deviceId"',
  '"requestId"',
  '"scopes"',
  '"tokens"',
  '"roles"',
  '"__proto__"',
  '"version"',
  "operator.admin",
] as const;
const FILES = ["devices/pending.json", "devices/paired.json", "identity/device.json"];

/** Reads OpenClaw's JSON files as `doctor` and `pre-pair` do: they must be accepted or refused with a message. */
export function storesTarget(): Target {
  const folder = mkdtempSync(join(tmpdir(), "shim-fuzz-"));
  const state = join(folder, ".openclaw");
  for (const name of ["devices", "identity"]) mkdirSync(join(state, name), { recursive: true });
  return {
    seeds: SEEDS,
    words: WORDS,
    run(input): RunResult {
      for (const name of FILES) writeFileSync(join(state, name), input);
      const { bad } = readOpenclawFiles({ HOME: folder });
      for (const { why } of bad) {
        invariant(!/Canary/.test(why), "a reason quotes no file content", why);
        invariant(isPrintable(why), "a reason is one printable line", why);
      }
      const refused = FILES.filter((name) => !isAccepted(join(state, name)));
      return { units: FILES.length, passed: FILES.length - refused.length };
    },
    close: () => {
      rmSync(folder, { recursive: true });
      return Promise.resolve();
    },
  };
}

function isAccepted(path: string): boolean {
  try {
    const file = readStateFile(path);
    const value = file.found?.value;
    return (path.endsWith("device.json") ? readIdentity(value) : withoutRequestsOf(ID, value)) !== undefined;
  } catch (error) {
    if (error instanceof PrePairError) return false;
    throw error;
  }
}
