import { once } from "node:events";
import { createServer } from "node:http";
import { connect } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { refuse } from "../../src/errors.ts";
import { refuseResponse } from "../../src/server/refusal-response.ts";
import { resolveOptions } from "../../src/settings/options.ts";
import { RequestRelay } from "../../src/upstream/plain-http.ts";
import { portOf, startRawServer } from "../support/raw.ts";
import { exchange, OK, statusOf } from "../support/recorder.ts";

it("a response is ignored if its first bytes led to a refusal of the request", async () => {
  const gateway = await startRawServer((socket) => {
    socket.on("data", () => socket.write(OK));
    socket.on("error", () => {});
  });
  onTestFinished(() => gateway.close());
  let onFirstBytes = (): void => {};
  const relay = new RequestRelay(resolveOptions({}), {
    dial(_hold, done) {
      const socket = connect(gateway.port, "127.0.0.1", () => done({ socket }));
      // Before Node's parser reads them, as the check of the kernel's memory.
      socket.once("data", () => onFirstBytes());
      return () => socket.destroy();
    },
    handshakeOver() {},
    heldRequests: () => 0,
  });
  const front = createServer((request, response) => {
    const rawHeaders = ["Host", "127.0.0.1"];
    const relayed = relay.relay({ request, response, slot: { gateway: undefined }, rawHeaders, conn: "c" });
    onFirstBytes = () => {
      relayed.end();
      refuseResponse(response, refuse("memory_limit", "256 MiB"));
    };
  }).listen(0, "127.0.0.1");
  onTestFinished(() => void front.close());
  await once(front, "listening");

  expect(statusOf(await exchange(portOf(front), ["GET / HTTP/1.1", "Host: a", "Connection: close"]))).toBe(
    503,
  );
});
