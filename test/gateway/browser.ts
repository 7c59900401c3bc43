import { existsSync } from "node:fs";
import { chromium } from "playwright-core";
import type { Browser, Page } from "playwright-core";

const CHROMIUM = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
const FLAGS = [
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const DEADLINE_MS = 60_000;

/** A page in a browser with an empty profile. */
export interface BrowserPage {
  readonly page: Page;
  /** Console messages and errors of the page. */
  readonly console: readonly string[];
  close(): Promise<void>;
}

/**
 * Starts Chromium with an empty page.
 * @throws Error if Chromium is not installed
 */
export async function openBrowserPage(): Promise<BrowserPage> {
  if (!existsSync(CHROMIUM)) {
    throw new Error(`${CHROMIUM} is missing: "apt-get install chromium", or set CHROMIUM to its path`);
  }
  // Chromium's sandbox does not support root, the user of CI.
  const chromiumSandbox = process.getuid?.() !== 0;
  const browser: Browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS, chromiumSandbox });
  const page = await browser.newPage();
  page.setDefaultTimeout(DEADLINE_MS);
  const console: string[] = [];
  page.on("console", (message) => console.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => console.push(`error: ${error.message}`));
  return { page, console, close: () => browser.close() };
}
