import { describe, expect, it, onTestFinished } from "vitest";
import { handshake } from "../support/client.ts";
import { startFakeGateway } from "../fake-gateway/server.ts";
import { openTestShim, type TestShim } from "../support/shim.ts";

async function start(): Promise<{ shim: TestShim; attempt: () => Promise<unknown> }> {
  const gateway = await startFakeGateway({ release: "2026.9.6", token: "t" });
  onTestFinished(() => gateway.close());
  const shim = await openTestShim(gateway.port);
  onTestFinished(() => shim.close());
  return { shim, attempt: () => handshake({ url: `ws://${shim.authority}`, token: "wrong" }) };
}

function follow({ authority }: TestShim): Promise<Response> {
  return fetch(`http://${authority}/__shim__/outcomes`, { headers: { Accept: "text/event-stream" } });
}

describe("/__shim__/outcomes as an event stream", () => {
  it("sends the stored outcomes, then each new one", async () => {
    const { shim, attempt } = await start();
    await attempt();
    const first = await shim.outcome(0);
    const response = await follow(shim);
    expect(response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    const reader = (response.body ?? new ReadableStream()).getReader();
    const events = async (until: string): Promise<string> => {
      let text = "";
      while (!text.includes(until)) text += Buffer.from((await reader.read()).value ?? []).toString();
      return text;
    };
    expect(await events(first.conn)).toContain("event: outcome\n");

    await attempt();
    const second = await shim.outcome(1);
    const live = await events(`${second.conn}"`);
    const data = /^data: (.*)$/m.exec(live)?.[1] ?? "";
    expect(JSON.parse(data)).toEqual(JSON.parse(JSON.stringify(second)));
    await reader.cancel();
  });

  it("is refused to a 33rd follower, and ends when the shim closes", async () => {
    const { shim } = await start();
    const followers = await Promise.all(Array.from({ length: 32 }, () => follow(shim)));
    const refused = await follow(shim);
    expect([refused.status, await refused.json()]).toMatchObject([
      503,
      { error: { type: "too_many_followers" } },
    ]);
    const ends = followers.map((response) => response.text());
    await shim.close();
    expect(await Promise.all(ends)).toHaveLength(32);
  });
});
