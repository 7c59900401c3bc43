import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { toolVariables } from "../../src/openclaw/tool-variables.ts";

const LISTENER = { host: "127.0.0.1", port: 18_788 };
const PORT = { OPENCLAW_GATEWAY_PORT: "18788" };
const URL = { OPENCLAW_GATEWAY_URL: "ws://127.0.0.1:18788" };

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "shim-"));
  mkdirSync(join(home, ".openclaw"));
});
afterEach(() => {
  rmSync(home, { recursive: true });
});

function write(name: string, text: string): void {
  writeFileSync(join(home, ".openclaw", name), text);
}

const auth = (value: unknown) => JSON.stringify({ gateway: { auth: value } });
const token = (value: unknown) => auth({ token: value });
const file = { source: "file", provider: "f", id: "value" };

// Each was tried with the CLI of 2026.2.19 and 2026.9.6 (docs/gateway.md section 5).
describe("the port alone is enough if the tools find the credential", () => {
  it.each<[string, string, Record<string, string>]>([
    ["as text", token("t"), {}],
    ["as a password", auth({ mode: "password", password: "p" }), {}],
    ["in a variable that the text names", token("${MY}"), { MY: "t" }],
    ["in a SecretRef to a variable", token({ source: "env", id: "MY" }), { MY: "t" }],
    ["in a SecretRef to a file", token(file), {}],
    ["in the environment, and openclaw.json has none", "{}", { OPENCLAW_GATEWAY_TOKEN: "t" }],
    ["nowhere, as the gateway asks for none", auth({ mode: "none" }), {}],
  ])("%s", (_, config, env) => {
    write("openclaw.json", config);
    expect(toolVariables(LISTENER, { HOME: home, ...env })).toMatchObject({ set: PORT, portAlone: true });
  });

  it("in OpenClaw's .env file", () => {
    write("openclaw.json", token("${MY}"));
    write(".env", "# a comment\nexport MY=t\nOTHER=u\nOPENCLAW_GATEWAY_TOKEN=v\n");
    const dotenv = { path: join(home, ".openclaw/.env"), names: ["MY"] };
    expect(toolVariables(LISTENER, { HOME: home })).toMatchObject({ set: PORT, portAlone: true, dotenv });
    expect(toolVariables(LISTENER, { HOME: home, MY: "t" }).dotenv).toBeUndefined();
    write("openclaw.json", "{}");
    dotenv.names = ["OPENCLAW_GATEWAY_TOKEN"];
    expect(toolVariables(LISTENER, { HOME: home })).toMatchObject({ set: PORT, portAlone: true, dotenv });
  });

  it("in the environment, without an openclaw.json", () => {
    const env = { HOME: home, OPENCLAW_GATEWAY_PASSWORD: "p" };
    expect(toolVariables(LISTENER, env)).toMatchObject({
      set: PORT,
      portAlone: true,
      why: "OPENCLAW_GATEWAY_PASSWORD is set",
    });
  });

  it("and a URL that is set here must be unset", () => {
    write("openclaw.json", token("t"));
    const { set } = toolVariables(LISTENER, { HOME: home, OPENCLAW_GATEWAY_URL: "ws://127.0.0.1:1" });
    expect(Object.entries(set)).toEqual([["OPENCLAW_GATEWAY_URL", undefined], ...Object.entries(PORT)]);
  });
});

describe("the URL is needed", () => {
  it.each<[string, string | undefined, string]>([
    ["without openclaw.json", undefined, "tools here find no gateway.auth.token in "],
    ["without a token in it", "{}", "tools here find no gateway.auth.token in "],
    ["without a password in it", auth({ mode: "password" }), "tools here find no gateway.auth.password in "],
    ["if it names a variable that is not set", token("${MY}"), "names MY, which is not set here"],
    ["if it is empty", token(""), "is empty"],
    ["if it is not JSON5", "{ gateway: ", "), and tools fail until that is fixed"],
    ["if it includes others", '{"gateway": {"$include": "./gw.json"}}', "includes other files"],
    ["in mode remote", '{"gateway": {"mode": "remote", "auth": {"token": "t"}}}', "is remote, where 2026.2"],
    ["with TLS", '{"gateway": {"tls": {"enabled": true}, "auth": {"token": "t"}}}', "does not speak TLS"],
  ])("%s", (_, config, why) => {
    if (config !== undefined) write("openclaw.json", config);
    const found = toolVariables(LISTENER, { HOME: home });
    expect(found).toMatchObject({ set: { ...URL, ...PORT }, portAlone: false });
    expect(found.why).toContain(why);
  });

  it.each([
    ["127.0.0.2", "ws://127.0.0.2:18788"],
    ["::1", "ws://[::1]:18788"],
    ["::", "ws://[::1]:18788"],
  ])("if the shim listens on %s", (host, url) => {
    write("openclaw.json", token("t"));
    expect(toolVariables({ ...LISTENER, host }, { HOME: home })).toEqual({
      set: { OPENCLAW_GATEWAY_URL: url },
      portAlone: false,
      why: "it leads to 127.0.0.1, and the shim listens elsewhere",
    });
  });
});
