import { expect, it } from "vitest";
import { handshake } from "../support/client.ts";
import { createDevice } from "../../src/openclaw/device.ts";
import { startOpenGateway } from "./gateway.ts";

it("a gateway that responds to a close with a malformed frame ends the session like any other", async () => {
  const garbage = Buffer.from([0xff, 0xff, 0xff, 0xff]);
  const { port } = await startOpenGateway({
    onConnected: (socket) => socket.prependListener("data", () => socket.write(garbage)),
  });
  const result = await handshake({ url: `ws://127.0.0.1:${port}`, device: createDevice() });
  expect(result).toMatchObject({ ok: true });
});
