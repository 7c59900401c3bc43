import { createHash } from "node:crypto";
import html from "./page.html?raw";
import outcomesScript from "./outcomes.js?raw";
import pageScript from "./page.js?raw";
import style from "./page.css?raw";

/** The status page with its style sheet and scripts inline. */
const PAGE = html
  .replace('<link rel="stylesheet" href="page.css" />', () => `<style>${style}</style>`)
  .replace(' src="outcomes.js">', () => `>${outcomesScript}`)
  .replace(' src="page.js">', () => `>${pageScript}`);

/** Returns the status page. @param token that its requests carry, in hexadecimal */
export function pageWith(token: string): string {
  return PAGE.replace('name="token" content=""', `name="token" content="${token}"`);
}

/** Allows the inline parts by their hashes. Trusted Types refuse to set markup, which the scripts never do. */
const POLICY = [
  "default-src 'none'; connect-src 'self'; img-src data:",
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  `script-src ${hashOf(outcomesScript)} ${hashOf(pageScript)}`,
  `style-src ${hashOf(style)}`,
  "require-trusted-types-for 'script'; trusted-types 'none'",
].join("; ");

/** The headers of the response with {@link PAGE}. */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  "Content-Security-Policy": POLICY,
  "Cross-Origin-Resource-Policy": "same-origin",
  "Referrer-Policy": "no-referrer",
};

function hashOf(content: string): string {
  return `'sha256-${createHash("sha256").update(content).digest("base64")}'`;
}
