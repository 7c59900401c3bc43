import { once } from "node:events";
import { createServer } from "node:http";
import { connect, type Socket } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { resolveOptions } from "../../src/settings/options.ts";
import { RequestRelay } from "../../src/upstream/plain-http.ts";
import { portOf, rawClient, startRawServer } from "../support/raw.ts";

it("a connection whose request ends before it is sent is closed", async () => {
  const gateway = await startRawServer();
  onTestFinished(() => gateway.close());
  const socket: Socket = connect(gateway.port, "127.0.0.1");
  await once(socket, "connect");
  const relay = new RequestRelay(resolveOptions({}), {
    dial(_hold, done) {
      done({ socket });
      return () => {};
    },
    handshakeOver() {},
    heldRequests: () => 0,
  });
  const front = createServer((request, response) => {
    const rawHeaders = ["Host", "127.0.0.1"];
    relay.relay({ request, response, slot: { gateway: undefined }, rawHeaders, conn: "c" }).end();
    response.end();
  }).listen(0, "127.0.0.1");
  onTestFinished(() => void front.close());
  await once(front, "listening");
  const closed = once(socket, "close");

  await rawClient(portOf(front), "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").closed();
  await closed;
  expect(gateway.received()).toBe("");
});
