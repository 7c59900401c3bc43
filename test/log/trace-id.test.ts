import { describe, expect, it } from "vitest";
import { createDevice } from "../../src/openclaw/device.ts";
import { traceIdOf } from "../../src/gate/request-head.ts";
import { startApproveBench } from "../approve/harness.ts";
import { rawClient, upgradeRequest } from "../support/raw.ts";
import { exchange, startRecorder } from "../support/recorder.ts";
import { openShimFor } from "../support/shim.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT = "00f067aa0ba902b7";
const VALID = `00-${TRACE}-${PARENT}-01`;

describe("the trace ID of a request", () => {
  it.each([
    ["version 00", VALID],
    ["unknown flags", `00-${TRACE}-${PARENT}-ff`],
    ["a later version", `cc-${TRACE}-${PARENT}-01`],
    ["a later version that goes on", `01-${TRACE}-${PARENT}-01-what-comes-later`],
  ])("is read from a traceparent with %s", (_what, value) => {
    expect(traceIdOf(["Host", "a", "TraceParent", value])).toBe(TRACE);
  });

  it.each([
    ["a trace ID of zeros", `00-${"0".repeat(32)}-${PARENT}-01`],
    ["a parent ID of zeros", `00-${TRACE}-${"0".repeat(16)}-01`],
    ["upper-case digits", VALID.toUpperCase()],
    ["version ff", `ff-${TRACE}-${PARENT}-01`],
    ["version 00 that goes on", `${VALID}-more`],
    ["version 00 with a dash at its end", `${VALID}-`],
    ["a later version that goes on without a dash", `01-${TRACE}-${PARENT}-011`],
    ["no flags", `00-${TRACE}-${PARENT}`],
    ["a short trace ID", `00-${TRACE.slice(1)}-${PARENT}-01`],
    ["another digit", `00-g${TRACE.slice(1)}-${PARENT}-01`],
    ["white space", `00-${TRACE}-${PARENT}-01 `],
    ["nothing", ""],
  ])("is not read from one with %s", (_what, value) => {
    expect(traceIdOf(["traceparent", value])).toBeUndefined();
  });

  it("is not read from two, nor from another field", () => {
    expect(traceIdOf(["traceparent", VALID, "Traceparent", VALID])).toBeUndefined();
    expect(traceIdOf(["tracestate1", VALID, "X-Traceparent", VALID])).toBeUndefined();
  });
});

describe("traceId", () => {
  it("is on every line about a connection whose request has a valid traceparent, and on no other", async () => {
    const gateway = await startRecorder();
    const shim = await openShimFor(gateway, { logLevel: "debug" });
    const traced = [`traceparent: ${VALID}`];
    await exchange(shim.port, ["GET /a HTTP/1.1", "Host: 127.0.0.1", "Connection: close", ...traced]);
    await exchange(shim.port, ["GET /b HTTP/1.1", "Host: evil.example", ...traced]);
    await rawClient(shim.port, upgradeRequest([...traced, "Origin: http://"])).closed();
    await rawClient(shim.port, upgradeRequest(traced)).closed();
    await exchange(shim.port, ["GET /c HTTP/1.1", "Host: evil.example", "traceparent: none"]);
    await shim.logged("connection.closed", 4);
    const about = shim.lines.filter((line) => line["conn"] !== undefined);
    const isC = (conn: unknown): boolean =>
      about.some((line) => line["conn"] === conn && line["path"] === "/c");
    const events = new Set(["connection.closed", "pairing.outcome", "request", "request.denied"]);
    expect(new Set(about.map(({ event }) => event))).toEqual(events);
    for (const line of about) expect(line["traceId"]).toBe(isC(line["conn"]) ? undefined : TRACE);
    expect(gateway.bytes()).toContain(`traceparent: ${VALID}`);
  });

  it("is on the lines of the approver", async () => {
    const { through, logged } = await startApproveBench("2026.2.19", { approveScopes: ["operator.read"] });
    const device = createDevice();
    const headers = { traceparent: VALID };
    await through({ device, headers, scopes: ["operator.read"] });
    await through({ device, headers, scopes: ["operator.admin"] });
    expect(await logged("not-approved")).toMatchObject({ traceId: TRACE, conn: expect.any(String) });
    expect(await logged("pairing.outcome", 1)).toMatchObject({ traceId: TRACE });
  });
});
