import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, expect, it, onTestFinished } from "vitest";
import { GATEWAY_USER_FILE } from "../../src/approve/state-files.ts";
import { Secret } from "../../src/openclaw/token.ts";
import { startFakeGateway } from "../fake-gateway/server.ts";
import { openTestShim, type TestShim } from "../support/shim.ts";

const [OWNER, OTHER] = [4321, 1234];
const TOKEN = "s3kr3t-of-the-gateway";

/** Listens like a gateway, sends the challenge, and prints every message that it gets. */
const LISTENER = `
  const { createHash } = require("node:crypto");
  const server = require("node:http").createServer();
  server.on("upgrade", ({ headers }, socket) => {
    const key = headers["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    const accept = createHash("sha1").update(key).digest("base64");
    socket.write("HTTP/1.1 101 x\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\nSec-WebSocket-Accept: " + accept + "\\r\\n\\r\\n");
    const text = JSON.stringify({ type: "event", event: "connect.challenge", payload: { nonce: "n", ts: 1 } });
    socket.write(Buffer.concat([Buffer.from([0x81, text.length]), Buffer.from(text)]));
    socket.on("error", () => {});
    let bytes = Buffer.alloc(0);
    socket.on("data", (chunk) => {
      bytes = Buffer.concat([bytes, chunk]);
      const mask = bytes.subarray(4, 8);
      console.log("got " + Buffer.from(bytes.subarray(8).map((byte, i) => byte ^ mask[i % 4])).toString("latin1"));
    });
    socket.on("end", () => console.log("closed"));
  });
  server.listen(0, "127.0.0.1", () => console.log("port " + server.address().port));
`;

/** Starts the listener as a user. */
async function startListener(uid: number): Promise<{ port: number; next: () => Promise<string> }> {
  const child = spawn(process.execPath, ["-e", LISTENER], {
    uid,
    gid: uid,
    cwd: "/",
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const next = async (): Promise<string> => String((await lines.next()).value);
  const [, port] = /^port (\d+)$/.exec(await next()) ?? [];
  return { port: Number(port), next };
}

async function approveAt(port: number, operator: object): Promise<TestShim> {
  const shim = await openTestShim(
    port,
    { approve: "seen" },
    { operator: { token: new Secret(TOKEN), ...operator } },
  );
  onTestFinished(() => shim.close());
  return shim;
}

function makeState(user?: number): string {
  const folder = mkdtempSync(join(tmpdir(), "openclaw-shim-user-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  if (user !== undefined) writeFileSync(join(folder, GATEWAY_USER_FILE), `${user}\n`, { mode: 0o600 });
  return folder;
}

// Only root can start a listener as another user.
describe.runIf(process.platform === "linux" && process.getuid?.() === 0)(
  "the approver's token (CWE-522)",
  () => {
    it("is not sent to a listener of another user than the owner of OpenClaw's config", async () => {
      const { port, next } = await startListener(OTHER);
      const shim = await approveAt(port, { gatewayOwner: OWNER });
      expect(await shim.logged("approver.down")).toMatchObject({
        reason: `a process of user ${OTHER} listens there, not of root or user ${OWNER}`,
        fix: expect.stringContaining("did not get the token"),
      });
      expect(await next()).toBe("closed");
    });

    it("is not sent to another user than the one that was seen before, without a config", async () => {
      const { port, next } = await startListener(OTHER);
      const shim = await approveAt(port, { stateDirectory: makeState(OWNER) });
      expect(await shim.logged("approver.down")).toMatchObject({
        reason: expect.stringContaining(`user ${OTHER}`),
      });
      expect(await next()).toBe("closed");
    });

    it.each([
      ["the owner of OpenClaw's config", { gatewayOwner: OTHER }],
      ["the user seen before", { stateDirectory: () => makeState(OTHER) }],
    ])(
      "is sent to the listener of %s",
      async (
        _what,
        { stateDirectory, ...operator }: { stateDirectory?: () => string; gatewayOwner?: number },
      ) => {
        const { port, next } = await startListener(OTHER);
        await approveAt(port, { ...operator, ...(stateDirectory && { stateDirectory: stateDirectory() }) });
        expect(await next()).toContain(TOKEN);
      },
    );

    it("makes the first user that accepts it the gateway's, if nothing else is known", async () => {
      const gateway = await startFakeGateway({ release: "2026.9.6", token: TOKEN });
      onTestFinished(() => gateway.close());
      const stateDirectory = makeState();
      const shim = await approveAt(gateway.port, { stateDirectory });
      await shim.logged("approver.up");
      expect(readFileSync(join(stateDirectory, GATEWAY_USER_FILE), "utf8")).toBe("0\n");
    });
  },
);
