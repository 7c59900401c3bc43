import { onTestFinished } from "vitest";
import type { Settings } from "../../src/settings/settings.ts";
import { startFakeGateway, type FakeGateway } from "../fake-gateway/server.ts";
import type { FakeRelease } from "../fake-gateway/behaviors.ts";
import { handshake, type HandshakeOptions, type HandshakeResult } from "../support/client.ts";
import { openShimFor, type TestShim } from "../support/shim.ts";

/** A gateway, and a shim with a ceiling in front of it. */
export interface CeilingBench {
  readonly gateway: FakeGateway;
  readonly shim: TestShim;
  /** Connects through the shim. */
  readonly through: (options: Partial<HandshakeOptions>) => Promise<HandshakeResult>;
  /** The values of `x-openclaw-scopes` on the requests that reached the gateway for `path`. */
  readonly scopeFields: (path: string) => string[];
}

/** Starts both; closes them after the test. */
export async function startCeilingBench(
  release: FakeRelease,
  maxScopes: Settings["maxScopes"],
): Promise<CeilingBench> {
  const gateway = await startFakeGateway({ release, token: "t" });
  onTestFinished(() => gateway.close());
  const shim = await openShimFor(gateway, { maxScopes });
  return {
    gateway,
    shim,
    through: (options) => handshake({ url: `ws://${shim.authority}`, token: "t", ...options }),
    scopeFields: (path) =>
      gateway.requests
        .filter(({ url }) => url === path)
        .flatMap(({ rawHeaders }) =>
          rawHeaders.filter(
            (_text, i) => /^x-openclaw-scopes$/i.test(rawHeaders[i - 1] ?? "") && i % 2 === 1,
          ),
        ),
  };
}
