import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { file, load, problems } from "./load.ts";

const folder = mkdtempSync(join(tmpdir(), "shim-file-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe("--config FILE", () => {
  it("may set everything, in both spellings", async () => {
    expect(await load(["--config", file("valid.json5")])).toEqual({
      listen: [
        { host: "127.0.0.1", port: 21_000 },
        { host: "::1", port: 21_000 },
      ],
      gateway: {
        url: "wss://127.0.0.1:21050",
        host: "127.0.0.1",
        port: 21_050,
        tls: true,
        authority: "127.0.0.1:21050",
        origin: "https://127.0.0.1:21050",
        fingerprint: "00112233445566778899aabbccddeeff".repeat(2),
      },
      allowFrom: ["172.17.0.0/16"],
      allowHost: ["shim.internal"],
      allowOrigin: ["https://app.example:8443"],
      forwarded: "private",
      strip: ["x-corp-user"],
      maxScopes: ["operator.read", "operator.write"],
      hold: 20_000,
      drain: 0,
      maxConnections: 64,
      approve: "seen",
      approveScopes: ["operator.read"],
      approveRoles: ["operator"],
      tokenFile: "/run/secrets/openclaw",
      logLevel: "debug",
      logFormat: "json",
    });
  });

  it("names each wrong value and the file", async () => {
    const path = file("wrong-values.json5");
    expect(await problems(["--config", path])).toEqual([
      `listen in ${path}: the list is empty; leave the setting out or name at least one`,
      `allowFrom in ${path}: null is not a text, or a list of texts (CIDR)`,
      `gateway in ${path}: a list is not a text (URL)`,
      `allow-remote-gateway in ${path}: "maybe" is not one of true, false`,
      `hold in ${path}: "10" is not a duration; write a number and a unit, such as 500ms, 10s or 2m, at most 10m`,
      `max-connections in ${path}: "1000000000" is not a whole number from 1 to 65535`,
      `approve in ${path}: the value is empty; give a value or leave the setting out`,
    ]);
  });

  it("names each unknown key, without showing a secret", async () => {
    const path = file("wrong-names.json5");
    expect(await problems(["--config", path])).toEqual([
      `hodl in ${path}: no such setting; openclaw-shim --help lists them`,
      `gatewayToken in ${path}: a secret is never a setting; use --token-file FILE or OPENCLAW_GATEWAY_TOKEN`,
      `config in ${path}: no such setting; openclaw-shim --help lists them`,
      `maxConnections in ${path}: is already set as max-connections in ${path}; keep one`,
    ]);
  });

  it.each([
    ["damaged.json5", "is not JSON5 (line 1, column 48, at hold: …)"],
    ["not-an-object.json5", "is not one JSON5 object in braces"],
    ["missing.json5", "cannot be read (ENOENT)"],
    [".", "is not a regular file"],
  ])("reports why %s cannot be used", async (name, why) => {
    expect(await problems(["--config", file(name)])).toEqual([`--config: ${file(name)} ${why}`]);
    expect(await problems([], { OPENCLAW_SHIM_CONFIG: file(name) })).toEqual([
      `OPENCLAW_SHIM_CONFIG: ${file(name)} ${why}`,
    ]);
  });

  it.each([
    ['{\n  hold: "10s"\n  drain: "5s"\n}', "line 3, column 3, at drain: …"],
    ['{\r\n  "max-connections": 64,,\r\n}', "line 2, column 25, at max-connections: …"],
    ["{ hold: '10s'", "line 1, column 14, at hold: …"],
    ["", "line 1, column 1"],
    // The member's name would be part of a string.
    ["{ tokenFile: '/se\\\nkrit: ' x", "line 2, column 9"],
    ["{\n  sekrit }", "line 2, column 10"],
  ])("names line, column and member where %j ends to be JSON5, but no value", async (text, place) => {
    const path = join(folder, "damaged");
    writeFileSync(path, text);
    expect(await problems(["--config", path])).toEqual([`--config: ${path} is not JSON5 (${place})`]);
  });

  it("does not block on a FIFO, and has a size limit", async () => {
    const fifo = join(folder, "fifo");
    execFileSync("mkfifo", [fifo]);
    expect(await problems(["--config", fifo])).toEqual([`--config: ${fifo} is not a regular file`]);
    const large = join(folder, "large");
    writeFileSync(large, " ".repeat(5 * 1024 * 1024));
    expect(await problems(["--config", large])).toEqual([`--config: ${large} is larger than 4194304 bytes`]);
  });
});
