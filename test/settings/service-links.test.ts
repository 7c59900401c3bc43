import { describe, expect, it } from "vitest";
import { load, problems } from "./load.ts";

/** What Kubernetes 1.34 sets for a Service with one named port. */
const links = (service: string): Record<string, string> => ({
  [`${service}_SERVICE_HOST`]: "10.96.7.7",
  [`${service}_SERVICE_PORT`]: "18788",
  [`${service}_SERVICE_PORT_GATEWAY_WS`]: "18788",
  [`${service}_PORT`]: "tcp://10.96.7.7:18788",
  [`${service}_PORT_18788_TCP`]: "tcp://10.96.7.7:18788",
  [`${service}_PORT_18788_TCP_PROTO`]: "tcp",
  [`${service}_PORT_18788_TCP_PORT`]: "18788",
  [`${service}_PORT_18788_TCP_ADDR`]: "10.96.7.7",
});

describe("the variables that Kubernetes sets for a Service", () => {
  it.each(["OPENCLAW_SHIM", "OPENCLAW_SHIM_METRICS"])("named %s are ignored", async (service) => {
    expect(await problems([], links(service))).toEqual([]);
    expect((await load([], { ...links(service), OPENCLAW_SHIM_HOLD: "3s" })).hold).toBe(3_000);
  });

  it.each([
    ["OPENCLAW_SHIM_PORT", "18788"],
    ["OPENCLAW_SHIM_PORT_18788", "tcp://10.96.7.7:18788"],
    ["OPENCLAW_SHIM_SERVICE", "10.96.7.7"],
    ["OPENCLAW_SHIM_HOST", "10.96.7.7"],
    ["OPENCLAW_SHIM_SERVICE_HOSTS", "10.96.7.7"],
  ])("do not include %s=%s", async (name, value) => {
    expect(await problems([], { [name]: value })).toEqual([
      expect.stringContaining(`${name}: no such setting`),
    ]);
  });
});
