import type { BrowserContextOptions, Locator, Page } from "playwright-core";
import { afterAll, onTestFinished } from "vitest";
import { startInjectingProxy } from "../support/header-injecting-proxy.ts";
import { handshake, type HandshakeOptions, type HandshakeResult } from "../support/client.ts";
import { shellCommand } from "../../src/errors.ts";
import { createDevice } from "../../src/openclaw/device.ts";
import type { Settings } from "../../src/settings/settings.ts";
import type { ShimResources } from "../../src/shim.ts";
import { startFakeGateway } from "../fake-gateway/server.ts";
import type { FakeGateway, FakeGatewayOptions } from "../fake-gateway/server.ts";
import { openBrowserPage } from "../gateway/browser.ts";
import type { BrowserPage } from "../gateway/browser.ts";
import { openTestShim, type TestShim } from "../support/shim.ts";

const TOKEN = "t";
const DEADLINE_MS = 10_000;

/** One for all tests of a file: its start takes seconds. */
let browser: Promise<BrowserPage> | undefined;
afterAll(async () => (await browser)?.close());

/** A fake gateway and a shim in front of it; both end with the test. */
export interface Scene {
  readonly gateway: FakeGateway;
  readonly shim: TestShim;
  /** Connects a client with a new device through the shim, by default with the gateway's token. */
  connect(options?: Partial<HandshakeOptions>): Promise<HandshakeResult>;
  /** Connects a client with a wrong token. */
  fail(options?: Partial<HandshakeOptions>): Promise<HandshakeResult>;
  /** Connects a client whose device needs approval. Returns the command that approves it. */
  failPairing(): Promise<string>;
}

/** A scene and the page that shows it. */
export interface Watched extends Scene {
  readonly page: Page;
  /** Messages and errors of the browser. */
  readonly console: readonly string[];
  /** The outcomes on the page, newest first. */
  readonly outcomes: Locator;
}

/** Starts a fake gateway and a shim. */
export async function setScene(
  gatewayOptions: Partial<FakeGatewayOptions> = {},
  settings: Partial<Settings> = {},
  resources: ShimResources = {},
): Promise<Scene> {
  const gateway = await startFakeGateway({ release: "2026.4.5", token: TOKEN, ...gatewayOptions });
  onTestFinished(() => gateway.close());
  const shim = await openTestShim(gateway.port, settings, resources);
  onTestFinished(() => shim.close());
  const connect: Scene["connect"] = (options) =>
    handshake({ url: `ws://${shim.authority}`, token: TOKEN, device: createDevice(), ...options });
  return {
    gateway,
    shim,
    connect,
    fail: (options) => connect({ token: "wrong", ...options }),
    failPairing: async () => {
      // A device that asked before without the shim has a pending request, which the gateway does not approve silently.
      const proxy = await startInjectingProxy({ target: { host: "127.0.0.1", port: gateway.port } });
      const device = createDevice();
      await connect({ device, url: proxy.url });
      await proxy.close();
      const index = shim.outcomes.length;
      await connect({ device });
      const { requestId } = await shim.outcome(index);
      return shellCommand("approve-device", requestId);
    },
  };
}

/** Opens the page of a scene's shim and waits until it is live. */
export async function watch(scene: Scene, options: BrowserContextOptions = {}): Promise<Watched> {
  const { page, console } = await openPage(options);
  await page.goto(`http://${scene.shim.authority}/__shim__/`);
  await page.getByText("Live", { exact: true }).waitFor();
  return { ...scene, page, console, outcomes: page.getByRole("listitem") };
}

/** Opens an empty page that shares only the browser with the pages of other tests. */
export async function openPage(
  options: BrowserContextOptions = {},
): Promise<{ page: Page; console: readonly string[] }> {
  browser ??= openBrowserPage();
  const opened = await browser;
  const context = await opened.page.context().browser()?.newContext(options);
  if (!context) throw new Error("the browser has ended");
  onTestFinished(() => context.close());
  const page = await context.newPage();
  page.setDefaultTimeout(DEADLINE_MS);
  const console: string[] = [];
  page.on("console", (message) => console.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => console.push(`error: ${error.message}`));
  return { page, console };
}
