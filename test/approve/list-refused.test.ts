import { expect, it, onTestFinished } from "vitest";
import { startOpenGateway, type Asked } from "../openclaw/gateway.ts";
import { refusal } from "../support/messages.ts";
import { openTestShim } from "../support/shim.ts";

it("a gateway that refuses the list of pending requests is logged once, until it sends one", async () => {
  let lists = 0;
  const onRequest = ({ id, webSocket }: Asked): void => {
    lists += 1;
    const given = JSON.stringify({ type: "res", id, ok: true, payload: { pending: [] } });
    webSocket.send(lists < 3 ? refusal({ code: "FORBIDDEN", message: "missing scope" }, id) : given);
  };
  const { port } = await startOpenGateway({ onRequest });
  const shim = await openTestShim(port, { approve: "seen" });
  onTestFinished(() => shim.close());
  await shim.logged("approver.up");
  const approver = shim.lines.filter(({ event }) => String(event).startsWith("approver."));
  expect(approver).toMatchObject([
    {
      event: "approver.down",
      reason: "device.pair.list: FORBIDDEN: missing scope",
      fix: expect.stringContaining("openclaw logs --follow") as string,
    },
    { event: "approver.up" },
  ]);
  expect(lists).toBe(3);
});
