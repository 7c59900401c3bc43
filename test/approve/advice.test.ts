import { pino } from "pino";
import { expect, it, onTestFinished } from "vitest";
import { shellCommand } from "../../src/errors.ts";
import { createDevice } from "../../src/openclaw/device.ts";
import { readConnect } from "../../src/openclaw/protocol.ts";
import { Secret } from "../../src/openclaw/token.ts";
import { FAKE_RELEASES } from "../fake-gateway/behaviors.ts";
import { startFakeGateway } from "../fake-gateway/server.ts";
import { connectRequest } from "../support/messages.ts";
import { freePort } from "../support/raw.ts";
import { openTestShim } from "../support/shim.ts";
import { approverOver, FakeLink } from "./fake-link.ts";

it.each(FAKE_RELEASES)("a wrong token at %s: the advice names the shim's own settings", async (release) => {
  const gateway = await startFakeGateway({ release, token: "right" });
  onTestFinished(() => gateway.close());
  const shim = await openTestShim(
    gateway.port,
    { approve: "seen" },
    { operator: { token: new Secret("wrong") } },
  );
  onTestFinished(() => shim.close());

  const line = await shim.logged("approver.down");
  expect(line["fix"]).toContain("--token-file");
  expect(line).not.toHaveProperty("command");
});

it("an unreachable gateway: the advice is that of the outcome", async () => {
  const shim = await openTestShim(await freePort(), { approve: "seen" });
  onTestFinished(() => shim.close());

  expect((await shim.logged("approver.down"))["fix"]).toContain("nothing listens there");
});

it.each([
  ["a request id", "r-1", shellCommand("approve-device", "r-1")],
  ["no request id", undefined, undefined],
  ["a request id that a shell would interpret", "$(reboot)", undefined],
])("a device that is not approved, with %s: the command is %s", async (_what, requestId, command) => {
  const { id, publicKey } = createDevice();
  const connect = readConnect(Buffer.from(connectRequest({ device: { id, publicKey } })));
  if (!connect) throw new Error("not a connect request");
  const line = new Promise<string>((resolve) => {
    const logger = pino({}, { write: resolve });
    approverOver(new FakeLink(), logger).refused({ conn: "conn-1" }, connect, requestId);
  });

  const { event, fix, ...fields }: Record<string, unknown> = JSON.parse(await line);
  expect({ event, fix }).toEqual({
    event: "not-approved",
    fix: expect.stringContaining("approve its request"),
  });
  expect(fields["command"]).toBe(command);
});
