import { createHash } from "node:crypto";
import html from "./page.html?raw";
import outcomeScript from "./outcome.js?raw";
import outcomesScript from "./outcomes.js?raw";
import outcomeStyle from "./outcome.css?raw";
import outcomesStyle from "./outcomes.css?raw";
import pageScript from "./page.js?raw";
import pageStyle from "./page.css?raw";
import stateStyle from "./state.css?raw";

const SCRIPTS: Readonly<Record<string, string>> = {
  "outcome.js": outcomeScript,
  "outcomes.js": outcomesScript,
  "page.js": pageScript,
};
const STYLES: Readonly<Record<string, string>> = {
  "page.css": pageStyle,
  "state.css": stateStyle,
  "outcomes.css": outcomesStyle,
  "outcome.css": outcomeStyle,
};

/** The page for people, whole: each file that it refers to stands where the reference stood. */
export const PAGE: string = html
  .replace(
    /<link rel="stylesheet" href="([^"]*)" \/>/g,
    (_reference, name: string) => `<style>${STYLES[name] ?? ""}</style>`,
  )
  .replace(
    /<script type="module" src="([^"]*)"><\/script>/g,
    (_reference, name: string) => `<script type="module">${SCRIPTS[name] ?? ""}</script>`,
  );

/**
 * What the page may do: run what it brought, and ask the shim. Text from clients is set as text only; should that ever
 * fail, no script of theirs runs (Content Security Policy Level 3, Trusted Types).
 */
const POLICY = [
  "default-src 'none'",
  `script-src ${hashSources(SCRIPTS)}`,
  `style-src ${hashSources(STYLES)}`,
  "img-src data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

/** What is sent with it. */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  "Content-Security-Policy": POLICY,
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Referrer-Policy": "no-referrer",
  "X-Frame-Options": "DENY",
};

function hashSources(files: Readonly<Record<string, string>>): string {
  const sources = Object.values(files).map(
    (content) => `'sha256-${createHash("sha256").update(content).digest("base64")}'`,
  );
  return sources.join(" ");
}
