import { describe, expect, it } from "vitest";
import { AttemptSource } from "../../src/gate/attempt-source.ts";
import { Handshakes } from "../../src/gate/handshakes.ts";

const local = (): AttemptSource => new AttemptSource("127.0.0.1", "absent", []);
const forwardedFor = (address: string): AttemptSource =>
  new AttemptSource("127.0.0.1", "absent", [["X-Forwarded-For", address]]);

/** Begins handshakes; `begun` receives those that may begin, in their order. */
function scene() {
  const handshakes = new Handshakes();
  const begun: AttemptSource[] = [];
  const begin = (source: AttemptSource): AttemptSource => {
    handshakes.begin(source, () => begun.push(source));
    return source;
  };
  return { handshakes, begun, begin };
}

describe("handshakes at the gateway", () => {
  it("are limited for one client, for one group and for all, below 32", () => {
    const { begun, begin } = scene();
    for (let i = 0; i < 40; i += 1) begin(forwardedFor("203.0.113.1"));
    expect(begun).toHaveLength(22);
    for (let i = 0; i < 40; i += 1) begin(forwardedFor(`203.0.113.${i}`));
    expect(begun).toHaveLength(25);
    for (let i = 0; i < 40; i += 1) begin(local());
    expect(begun).toHaveLength(28);
  });

  it("begin in the order of their arrival when others end, and once", () => {
    const { handshakes, begun, begin } = scene();
    const first = Array.from({ length: 30 }, () => begin(local()));
    for (const source of first.slice(0, 3)) handshakes.end(source);
    for (const source of first.slice(0, 3)) handshakes.end(source);
    expect(begun).toEqual(first.slice(0, 25));
  });

  it("do not begin after their client has disconnected", () => {
    const { handshakes, begun, begin } = scene();
    const first = Array.from({ length: 24 }, () => begin(local()));
    for (const source of first.toReversed()) handshakes.end(source);
    expect(begun).toEqual(first.slice(0, 22));
  });
});
