import { describe, expect, it } from "vitest";
import { acceptUpgrade, startRawGatewayWithShim } from "../support/raw-gateway.ts";
import { upgradeRequest } from "../support/raw.ts";

describe("a capability in the path of a request", () => {
  it.each([
    ["/__openclaw__/cap/s3kr3t/__openclaw__/ws?x=1", "/__openclaw__/cap/…"],
    ["/__openclaw__/cap/s3kr3t", "/__openclaw__/cap/…"],
    ["/base/__OpenClaw__/CAP//s3kr3t/a", "/base/__OpenClaw__/CAP/…"],
    ["/__openclaw__/x/../cap/./y/../s3kr3t/a", "/__openclaw__/x/../cap/…"],
    ["/__openclaw__\\cap\\s3kr3t/a", "/__openclaw__\\cap\\…"],
    [`/__openclaw__/cap/${"s3kr3t".repeat(200)}/end`, "/__openclaw__/cap/…"],
    ["/__openclaw__/canvas/capture", "/__openclaw__/canvas/capture"],
  ])("reaches the gateway unchanged and is never logged: %s", async (path, loggedPath) => {
    const { shim, gateway, upgrade } = await startRawGatewayWithShim(acceptUpgrade());
    const client = upgrade(upgradeRequest([], path));
    await client.until((text) => text.includes("\r\n\r\n"));
    client.socket.destroy();
    expect(await shim.outcome()).toMatchObject({ path: loggedPath });
    expect(gateway.received()).toContain(`GET ${path} HTTP/1.1\r\n`);
    expect(JSON.stringify(shim.lines)).not.toContain("s3kr3t");
    const recent = await fetch(`http://${shim.authority}/__shim__/outcomes`);
    expect(await recent.text()).not.toContain("s3kr3t");
  });
});
