import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { handshake } from "../support/client.ts";
import { createDevice } from "../../src/openclaw/device.ts";
import { startFakeGateway, type FakeGateway } from "../fake-gateway/server.ts";
import { isRecord } from "../../src/text/json.ts";
import { rawClient, upgradeRequest } from "../support/raw.ts";
import { bundle, start, type Bundle, type RunningCommand } from "./bundle.ts";

/** One for each place, so that a failure says from where. */
const canary = (place: string): string => `Canary-${place}-0xDEADBEEF`;
const SHARED = canary("gatewayToken");
const QUERY = canary("query");
const FIELDS = ["Authorization", "Cookie", "Proxy-Authorization", "X-Api-Key", "X-OpenClaw-Token"];
const METRICS_PAGES = ["/health", "/health?gateway", "/metrics", `/?token=${QUERY}`];
const PAGES = ["", "/health", "/metrics", "/outcomes", "/nothing"];

let command: Bundle;
let gateway: FakeGateway;
let daemon: RunningCommand;
let port: number;
let metricsPort: number;
/** What the shim itself answered. */
const answers: string[] = [];
let deviceToken = "";

beforeAll(async () => {
  command = await bundle();
  gateway = await startFakeGateway({ release: "2026.9.6", token: SHARED });
  const auth = { mode: "token", token: SHARED, password: canary("configPassword") };
  mkdirSync(join(command.folder, ".openclaw"));
  const config = JSON.stringify({ gateway: { auth, remote: { token: canary("configRemote") } } });
  writeFileSync(join(command.folder, ".openclaw", "openclaw.json"), config, { mode: 0o600 });
  writeFileSync(join(command.folder, "token"), SHARED, { mode: 0o600 });
  const where = ["--listen", "127.0.0.1:0", "--gateway", gateway.url];
  daemon = start(command, [
    "run",
    ...where,
    "--approve",
    "seen",
    "--token-file",
    "./token",
    "--log-level",
    "debug",
    "--metrics-listen",
    "127.0.0.1:0",
  ]);
  const listening = await daemon.line(/"event":"listening"/);
  metricsPort = Number(/"metrics":"127\.0\.0\.1:(\d+)"/.exec(listening)?.[1]);
  port = Number(/"127\.0\.0\.1:(\d+)"/.exec(listening)?.[1]);
  await daemon.line(/"event":"approver.up"/);
  await visit();
});
afterAll(async () => {
  await gateway.close();
  command.remove();
});

/** Everything that a client can send a secret in, answered by the gateway or by the shim. */
async function visit(): Promise<void> {
  const url = `ws://127.0.0.1:${port}/?token=${QUERY}`;
  const headers = Object.fromEntries(FIELDS.map((name) => [name, canary(name)]));
  const device = createDevice();
  const result = await handshake({ url, token: SHARED, device, headers });
  const auth = result.ok ? result.hello["auth"] : undefined;
  if (isRecord(auth) && typeof auth["deviceToken"] === "string") deviceToken = auth["deviceToken"];
  await handshake({ url, token: canary("wrongToken"), device: createDevice(), headers });
  await handshake({ url, deviceToken: canary("deviceToken"), device: createDevice() });
  await handshake({ url, token: SHARED, device, headers: { "X-Forwarded-For": canary("forwardedFor") } });
  const secrets = FIELDS.map((name) => `${name}: ${canary(name)}`);
  const requests = [
    upgradeRequest([...secrets, "Connection: host"], `/?token=${QUERY}`),
    upgradeRequest([...secrets, "Content-Length: 9"], `/#${QUERY}`) + "123456789",
    upgradeRequest(secrets, `http://user:${canary("userinfo")}@127.0.0.1/`),
    upgradeRequest(secrets, `/__shim__/outcomes?token=${QUERY}`),
    upgradeRequest(
      [...secrets, "Connection: host"],
      `/__openclaw__/cap/${canary("capability")}/__openclaw__/ws`,
    ),
    `GET /__openclaw__/cap/${canary("capabilityOfHttp")} HTTP/1.1\r\nHost: evil.example\r\n\r\n`,
    `GET /?token=${QUERY} HTTP/1.1\r\nHost: evil.example\r\n${secrets.join("\r\n")}\r\n\r\n`,
    `CONNECT ${canary("connect")}:1 HTTP/1.1\r\n${secrets.join("\r\n")}\r\n\r\n`,
    `POST / HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 40\r\n\r\n${canary("body")}`,
    `GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nBad Field ${canary("malformed")}\r\n\r\n`,
    `${canary("garbage")}\r\n\r\n`,
    `GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: ${canary("large").repeat(1_000)}\r\n\r\n`,
    ...PAGES.map(
      (page) =>
        `GET /__shim__${page}?token=${QUERY} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n` +
        `${secrets.join("\r\n")}\r\nConnection: close\r\n\r\n`,
    ),
  ];
  for (const request of requests) answers.push(await rawClient(port, request).closed());
  for (const page of METRICS_PAGES) {
    const request = `GET ${page} HTTP/1.1\r\nHost: a\r\n${secrets.join("\r\n")}\r\n\r\n`;
    answers.push(await rawClient(metricsPort, request).closed());
  }
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile());
}

/** The secrets in a text, with what stands before them. */
function secretsIn(text: string): string[] {
  const canaries = text.match(/.{0,40}(?:Canary|0xDEADBEEF).{0,20}/gi) ?? [];
  return text.includes(deviceToken) ? [...canaries, "the device token"] : canaries;
}

describe("no secret is", () => {
  it("left out of this test: the gateway issued a token, and the shim refused and answered", () => {
    expect(deviceToken).not.toBe("");
    expect(answers).toHaveLength(12 + PAGES.length + METRICS_PAGES.length);
    expect(answers.map((text) => text.slice(0, 12))).toEqual(
      expect.arrayContaining([
        "HTTP/1.1 400",
        "HTTP/1.1 404",
        "HTTP/1.1 405",
        "HTTP/1.1 421",
        "HTTP/1.1 431",
      ]),
    );
    expect(daemon.stdout.filter((line) => line.includes("pairing.outcome")).length).toBeGreaterThan(6);
  });

  it("in the log, at any level", () =>
    expect(secretsIn([...daemon.stdout, ...daemon.stderr].join("\n"))).toEqual([]));

  it("in an error, the metrics, the outcomes or the page", () =>
    expect(secretsIn(answers.join("\n"))).toEqual([]));

  it("in the process list or the environment", () => {
    for (const child of command.running) {
      for (const file of ["cmdline", "environ"])
        expect(secretsIn(readFileSync(`/proc/${child.pid}/${file}`, "latin1"))).toEqual([]);
    }
  });

  it("in a file that the shim wrote", () => {
    const given = new Set(["token", "openclaw.json", "openclaw-shim.mjs"]);
    const written = filesBelow(command.folder).filter((path) => !given.has(path.split("/").at(-1) ?? ""));
    expect(written).not.toEqual([]);
    for (const path of written) expect(secretsIn(readFileSync(path, "latin1"))).toEqual([]);
  });

  it("in a core dump of the service, which there is none of", () => {
    for (const unit of ["systemd/openclaw-shim.service", "systemd/user/openclaw-shim.service"]) {
      expect(readFileSync(unit, "utf8")).toMatch(/^LimitCORE=0$/m);
    }
  });

  it("in what status and doctor print", async () => {
    for (const args of [
      ["doctor", "--json", "--gateway", gateway.url],
      ["status", "--json"],
    ]) {
      const ran = start(command, args);
      await ran.exit;
      expect(ran.stdout).not.toEqual([]);
      expect(secretsIn([...ran.stdout, ...ran.stderr].join("\n"))).toEqual([]);
    }
  });
});
