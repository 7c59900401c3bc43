import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readArguments } from "../../../src/settings/arguments.ts";
import { problemLine, SettingsError } from "../../../src/settings/settings-error.ts";
import type { Settings } from "../../../src/settings/settings.ts";
import { loadSettings } from "../../../src/settings/load.ts";
import { isPrintable, invariant, type RunResult, type Target } from "./target.ts";

const SEEDS = [
  "{listen: ['127.0.0.1:18788', '[::1]:18788'], gateway: 'ws://127.0.0.1:18789', drain: '5s'}",
  "{'allow-from': ['192.0.2.0/24', 'fd00::/8'], 'allow-host': 'box.lan', forwarded: 'private'}",
  "{allowOrigin: 'https://app.example', maxConnections: 10, hold: '1m', approve: 'seen'}",
  "{gateway: {port: 18789, bind: 'loopback', auth: {mode: 'token', token: 'Canary'}, tls: {enabled: true}}}",
  '// comment\n{"log-level": "debug", "log-format": "json", "allow-remote-gateway": true,}',
] as const;
const WORDS = [
  "{",
  "}",
  "[",
  "]",
  ":",
  ",",
  "'",
  '"',
  "//",
  "/*",
  "\\",
  "\n",
  "\u0000",
  "\u00ff",
  "\uFEFF",
  "listen",
  "gateway",
  "allow-from",
  "allowHost",
  "forwarded",
  "hold",
  "drain",
  "__proto__",
  "constructor",
  "Infinity",
  "NaN",
  "-1",
  "1e999",
  "0x10",
  "null",
  "true",
  "0.0.0.0:1",
  "[::]:1",
  "ws://",
  "wss://a:1",
  "10s",
  "0.0.0.0/0",
  "::/0",
  "127.1",
  "localhost:0",
  "strip",
  "seen",
  "sha256:00",
  "999999999999h",
  "port",
  "auth",
] as const;

/** Reads settings files and OpenClaw's config: the result must be valid settings or problems, without secrets. */
export function settingsTarget(): Target {
  const folder = mkdtempSync(join(tmpdir(), "shim-fuzz-"));
  mkdirSync(join(folder, ".openclaw"));
  const own = join(folder, "shim.json5");
  const openclaw = join(folder, ".openclaw", "openclaw.json");
  return {
    seeds: SEEDS,
    words: WORDS,
    async run(input): Promise<RunResult> {
      writeFileSync(own, input);
      writeFileSync(openclaw, input);
      let passed = 0;
      for (const args of [["--config", own, "--gateway", "ws://127.0.0.1:1"], []]) {
        try {
          const { given } = readArguments(args, {});
          const settings = await loadSettings({ given, env: { HOME: folder } });
          passed += 1;
          checkSafe(settings);
        } catch (error) {
          if (!(error instanceof SettingsError)) throw error;
          for (const problem of error.problems.map(problemLine)) {
            invariant(isPrintable(problem), "a problem is one printable line", problem);
          }
        }
      }
      return { units: 2, passed };
    },
    close: () => {
      rmSync(folder, { recursive: true });
      return Promise.resolve();
    },
  };
}

/** Checks that the settings are secure by default for any file. */
function checkSafe({ listen, allowFrom, gateway, maxConnections }: Settings): void {
  const isPublic = listen.some(({ host }) => !/^(?:127\.[\d.]+|::1|localhost)$/.test(host));
  invariant(!isPublic || allowFrom.length > 0, "no public listener without --allow-from", listen);
  invariant(
    Number.isSafeInteger(gateway.port) && gateway.port > 0 && gateway.port < 65_536,
    "the gateway has a valid port",
    gateway.port,
  );
  invariant(
    Number.isSafeInteger(maxConnections) && maxConnections > 0,
    "max-connections is valid",
    maxConnections,
  );
  invariant(listen.length > 0, "there is at least one listen address");
}
