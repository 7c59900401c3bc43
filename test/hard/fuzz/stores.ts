import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readOpenclawFiles } from "../../../src/commands/doctor/openclaw-files.ts";
import { PrePairError } from "../../../src/commands/pre-pair/pre-pair-error.ts";
import { readIdentity } from "../../../src/openclaw/device.ts";
import { withoutRequestsOf } from "../../../src/commands/pre-pair/device-entries.ts";
import { readStateFile } from "../../../src/commands/pre-pair/state-file.ts";
import { isPrintable, promised, type Taken, type Target } from "./target.ts";

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

/** OpenClaw's own JSON files, for `doctor` and `pre-pair`: read, or refused with a sentence. */
export function storesTarget(): Target {
  const folder = mkdtempSync(join(tmpdir(), "shim-fuzz-"));
  const state = join(folder, ".openclaw");
  for (const name of ["devices", "identity"]) mkdirSync(join(state, name), { recursive: true });
  return {
    seeds: SEEDS,
    words: WORDS,
    take(input): Taken {
      for (const name of FILES) writeFileSync(join(state, name), input);
      const { bad, devices } = readOpenclawFiles({ HOME: folder });
      for (const { why } of bad) {
        promised(!/Canary/.test(why), "no content of a file is shown", why);
        promised(isPrintable(why), "a reason is one printable line", why);
      }
      const refused = FILES.filter((name) => !isRead(join(state, name)));
      return { units: FILES.length, passed: FILES.length - refused.length + (devices ? 0 : 0) };
    },
    close: () => {
      rmSync(folder, { recursive: true });
      return Promise.resolve();
    },
  };
}

function isRead(path: string): boolean {
  try {
    const file = readStateFile(path);
    const value = file.found?.value;
    return (path.endsWith("device.json") ? readIdentity(value) : withoutRequestsOf(ID, value)) !== undefined;
  } catch (error) {
    if (error instanceof PrePairError) return false;
    throw error;
  }
}
