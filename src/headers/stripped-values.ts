import { isIP } from "node:net";
import { canonicalName } from "./header-names.ts";
import { printable } from "../text/printable.ts";

const FIELD_LIMIT = 32;
const VALUE_LIMIT = 200;

/** RFC 7239 section 4. */
const FORWARDED_PAIR = /^(?:for|by|proto|host)=(?:"[\w.:[\]-]{0,64}"|[\w.:-]{0,64})$/i;
/** RFC 9110 section 7.6.3. */
const VIA_ITEM = /^(?:HTTP\/)?\d(?:\.\d)? [\w.:-]{1,64}(?: \([\w ./-]{0,64}\))?$/i;

/** What a value may look like to be shown: addresses, host names, ports, schemes and proxy names. */
const SHOWN: Readonly<Record<string, (value: string) => boolean>> = {
  "cf-ipcountry": (value) => /^[A-Z][A-Z0-9]$/.test(value),
  "fly-forwarded-port": isPort,
  "fly-forwarded-proto": isScheme,
  forwarded: (value) => everyItem(value, /[;,]/, FORWARDED_PAIR),
  via: (value) => everyItem(value, ",", VIA_ITEM),
  "x-forwarded-host": isHostName,
  "x-forwarded-port": isPort,
  "x-forwarded-proto": isScheme,
  "x-forwarded-server": isHostName,
  "x-original-host": isHostName,
  "x-vercel-ip-country": (value) => /^[A-Z][A-Z0-9]$/.test(value),
};

/**
 * Stripped fields as the outcome line has them. A value is only shown if it is what its field is for: these
 * fields come from anybody, and some (`cf-access-jwt-assertion`, `x-original-url`) carry credentials.
 */
export function strippedForLog(
  fields: readonly (readonly [name: string, value: string])[],
): Record<string, string> {
  const shown: Record<string, string> = {};
  for (const [received, value] of fields.slice(0, FIELD_LIMIT)) {
    const name = printable(received.toLowerCase(), 64);
    const text =
      value.length <= VALUE_LIMIT && mayShow(canonicalName(received), value) ? value : "(not shown)";
    shown[name] = Object.hasOwn(shown, name) ? `${shown[name]}, ${text}` : text;
  }
  return shown;
}

function mayShow(name: string, value: string): boolean {
  const check = Object.hasOwn(SHOWN, name) ? SHOWN[name] : undefined;
  return value === "" || (check ? check(value) : isAddressList(value));
}

/** Items are matched one by one: a pattern for a whole list can be read in many ways, and tries them all (CWE-1333). */
function everyItem(value: string, separator: string | RegExp, item: RegExp): boolean {
  return value.split(separator).every((text) => text.trim() === "" || item.test(text.trim()));
}

function isAddressList(value: string): boolean {
  return value.split(",").every((item) => isIP(item.trim().replace(/^\[(.*)\](?::\d+)?$/, "$1")) !== 0);
}

function isHostName(value: string): boolean {
  return /^[a-z0-9.-]{1,128}(?::\d{1,5})?$/i.test(value);
}

function isPort(value: string): boolean {
  return /^\d{1,5}$/.test(value);
}

function isScheme(value: string): boolean {
  return /^(?:https?|wss?)$/i.test(value);
}
