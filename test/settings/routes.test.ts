import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { KNOWN_SCOPES } from "../../src/openclaw/scopes.ts";
import { environmentName, flagName } from "../../src/settings/setting-row.ts";
import { SETTING_ROWS, type SETTINGS } from "../../src/settings/settings.ts";
import { resolveOptions } from "../../src/settings/options.ts";
import { load } from "./load.ts";

const folder = mkdtempSync(join(tmpdir(), "shim-routes-"));
afterAll(() => rmSync(folder, { recursive: true }));

const port = fc.integer({ min: 1, max: 65_535 });
const octet = fc.integer({ min: 0, max: 255 });
const duration = fc
  .tuple(fc.integer({ min: 0, max: 600 }), fc.constantFrom("ms", "s"))
  .map((parts) => parts.join(""));
const list = (item: fc.Arbitrary<string>): fc.Arbitrary<string[]> =>
  fc.uniqueArray(item, { minLength: 1, maxLength: 3 });
const label = fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/);

/** Valid texts for every setting that a file can hold. */
const TEXTS: Readonly<Record<Exclude<keyof typeof SETTINGS, "config">, fc.Arbitrary<string | string[]>>> = {
  listen: list(port.map((number) => `127.0.0.1:${number}`)),
  gateway: port.map((number) => `wss://127.0.0.2:${number}`),
  allowRemoteGateway: fc.constant("true"),
  gatewayFingerprint: fc.stringMatching(/^[0-9a-f]{64}$/).map((hex) => `sha256:${hex}`),
  allowFrom: list(fc.tuple(octet, octet).map(([a, b]) => `10.${a}.${b}.0/24`)),
  allowHost: list(label.map((name) => `${name}.internal`)),
  allowOrigin: list(label.map((name) => `https://${name}.example`)),
  forwarded: fc.constantFrom("strip", "private", "reject"),
  strip: list(label.map((name) => `x-corp-${name}`)),
  maxScopes: list(fc.constantFrom(...KNOWN_SCOPES)),
  hold: duration,
  drain: duration,
  maxConnections: port.map(String),
  approve: fc.constantFrom("off", "seen"),
  approveScopes: list(label.map((name) => `operator.${name}`)),
  approveRoles: list(label),
  tokenFile: label.map((name) => `/run/${name}`),
  metricsListen: port.map((number) => `127.0.0.3:${number}`),
  logLevel: fc.constantFrom("debug", "info", "warn", "error", "silent"),
  logFormat: fc.constantFrom("json", "pretty"),
};

/** What the library has no option for: it is handed a logger. */
const LOG_SETTINGS = new Set(["logLevel", "logFormat"]);

describe("every way to give a setting", () => {
  it("covers the whole table", () => {
    expect(Object.keys(TEXTS)).toEqual(SETTING_ROWS.map(([key]) => key).filter((key) => key !== "config"));
  });

  it("gives the same settings by flag, environment, file and library", async () => {
    const given = fc.record(TEXTS, { requiredKeys: ["gateway"] });
    await fc.assert(
      fc.asyncProperty(given, fc.boolean(), async (settings, kebab) => {
        const entries = Object.entries(settings);
        const args = entries.flatMap(([key, text]) =>
          [text]
            .flat()
            .map((item) =>
              key === "allowRemoteGateway" ? `--${flagName(key)}` : `--${flagName(key)}=${item}`,
            ),
        );
        const env = Object.fromEntries(entries.map(([key, text]) => [environmentName(key), String(text)]));
        const path = join(folder, "settings.json5");
        writeFileSync(
          path,
          JSON.stringify(
            Object.fromEntries(entries.map(([key, text]) => [kebab ? flagName(key) : key, text])),
          ),
        );
        const options = Object.fromEntries(entries.filter(([key]) => !LOG_SETTINGS.has(key)));

        const byFlag = await load(args);
        expect(await load([], env)).toEqual(byFlag);
        expect(await load(["--config", path])).toEqual(byFlag);
        const { logLevel, logFormat } = byFlag;
        expect({ ...resolveOptions(options), logLevel, logFormat }).toEqual(byFlag);
      }),
      { numRuns: 60 },
    );
  });
});
