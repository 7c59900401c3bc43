import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { errorOf, exchange, startRecorder, statusOf, type Recorder } from "../support/recorder.ts";
import { openShimFor, type TestShim } from "../support/shim.ts";

const PAGE = "GET /__shim__/ HTTP/1.1";
const LOCAL = ["Host: 127.0.0.1", "Connection: close"];

async function start(): Promise<{ shim: TestShim; gateway: Recorder }> {
  const gateway = await startRecorder();
  return { gateway, shim: await openShimFor(gateway) };
}

async function load(): Promise<{ headers: Headers; html: string }> {
  const { shim } = await start();
  const response = await fetch(`http://${shim.authority}/__shim__/`);
  expect(response.status).toBe(200);
  return { headers: response.headers, html: await response.text() };
}

function contents(html: string, element: "script" | "style"): string[] {
  return [...html.matchAll(new RegExp(`<${element}\\b[^>]*>([^]*?)</${element}>`, "g"))].map(
    ([, content]) => content ?? "",
  );
}

describe("the page under /__shim__/", () => {
  it("can only run and load its own parts", async () => {
    const { headers, html } = await load();
    const hashes = (element: "script" | "style"): string =>
      contents(html, element)
        .map((content) => `'sha256-${createHash("sha256").update(content).digest("base64")}'`)
        .join(" ");
    expect(headers.get("content-security-policy")?.split("; ")).toEqual([
      "default-src 'none'",
      "connect-src 'self'",
      "img-src data:",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
      `script-src ${hashes("script")}`,
      `style-src ${hashes("style")}`,
      "require-trusted-types-for 'script'",
      "trusted-types 'none'",
    ]);
    expect(contents(html, "script").join("")).toContain("new EventSource");
    expect(contents(html, "style").join("")).toContain("color-scheme: light dark");
  });

  it("is HTML that is not cached, not framed, and sends no referrer", async () => {
    const { headers } = await load();
    expect(Object.fromEntries(headers)).toMatchObject({
      "content-type": "text/html; charset=utf-8",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      "x-frame-options": "DENY",
      "referrer-policy": "no-referrer",
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-resource-policy": "same-origin",
    });
  });

  it("has no external reference, and no script or style in attributes", async () => {
    const { html } = await load();
    const references = [...html.matchAll(/\s(?:src|href|srcset|action|poster)="([^"]*)"/g)].map(
      ([, to]) => to,
    );
    const own = references.filter((to) => !to?.startsWith("data:image/svg+xml,"));
    expect(own.toSorted((a, b) => String(a).localeCompare(String(b)))).toEqual([
      "#outcomes",
      "health",
      "metrics",
      "outcomes",
    ]);
    expect(html.match(/\w+:\/\/[^\s"']+/g)).toEqual([
      "http://www.w3.org/2000/svg",
      "ws://${location.host}`;",
    ]);
    expect(html).not.toMatch(/url\(|@import|\son\w+=|\sstyle=/i);
  });

  it("sets text, never HTML", async () => {
    const scripts = contents((await load()).html, "script").join("\n");
    expect(scripts).toContain(".textContent =");
    expect(scripts).not.toMatch(
      /innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|srcdoc|\beval\b|new Function|setHTML/,
    );
  });

  it("is the target of the redirect from /__shim__", async () => {
    const { shim } = await start();
    const answer = await exchange(shim.port, ["GET /__shim__ HTTP/1.1", ...LOCAL]);
    expect(statusOf(answer)).toBe(308);
    expect(answer).toMatch(/\r\nLocation: \/__shim__\/\r\n/i);
  });

  it.each([
    ["POST", "POST /__shim__/ HTTP/1.1", LOCAL, 405, "method_not_allowed"],
    ["another Host", PAGE, ["Host: evil.example"], 421, "host_not_allowed"],
    ["another origin", PAGE, [...LOCAL, "Origin: https://evil.example"], 403, "origin_not_allowed"],
    ["a request of another site", PAGE, [...LOCAL, "Sec-Fetch-Site: cross-site"], 403, "foreign_site"],
    ["a page of the same origin", PAGE, [...LOCAL, "Sec-Fetch-Site: same-origin"], 403, "foreign_site"],
    [
      "its data to a page of the same origin",
      "GET /__shim__/outcomes?token= HTTP/1.1",
      [...LOCAL, "Sec-Fetch-Site: same-origin", "Sec-Fetch-Dest: empty"],
      403,
      "foreign_site",
    ],
    [
      "its data in a frame",
      "GET /__shim__/outcomes HTTP/1.1",
      [...LOCAL, "Sec-Fetch-Site: same-origin", "Sec-Fetch-Dest: iframe"],
      403,
      "foreign_site",
    ],
    ["a page on another port", PAGE, [...LOCAL, "Sec-Fetch-Site: same-site"], 403, "foreign_site"],
    [
      "a frame in another site",
      PAGE,
      [...LOCAL, "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: iframe"],
      403,
      "foreign_site",
    ],
  ])("refuses %s", async (_what, line, fields, status, type) => {
    const { shim, gateway } = await start();
    const answer = await exchange(shim.port, [line, ...fields]);
    expect([statusOf(answer), errorOf(answer).type]).toEqual([status, type]);
    expect(gateway.bytes()).toBe("");
  });

  it.each([
    ["typed into the address bar", ["Sec-Fetch-Site: none", "Sec-Fetch-Dest: document"]],
    ["reloaded", ["Sec-Fetch-Site: same-origin", "Sec-Fetch-Dest: document"]],
    ["linked to", ["Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"]],
  ])("responds if its address was %s", async (_how, fields) => {
    const { shim } = await start();
    expect(statusOf(await exchange(shim.port, [PAGE, ...LOCAL, ...fields]))).toBe(200);
  });
});
