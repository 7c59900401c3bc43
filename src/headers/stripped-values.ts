import { isIP } from "node:net";
import { printable } from "../text/printable.ts";
import { forwardingHeader, type HeaderContent } from "./header-table.ts";

const FIELD_LIMIT = 32;
const VALUE_LIMIT = 200;

/** RFC 7239 section 4. */
const FORWARDED_PAIR = /^(?:for|by|proto|host)=(?:"[\w.:[\]-]{0,64}"|[\w.:-]{0,64})$/i;
/** RFC 9110 section 7.6.3. */
const VIA_ITEM = /^(?:HTTP\/)?\d(?:\.\d)? [\w.:-]{1,64}(?: \([\w ./-]{0,64}\))?$/i;

/** The form that a value must have to be shown. Anybody can send these fields, and some carry credentials. */
const SHOWN: Readonly<Record<HeaderContent, (value: string) => boolean>> = {
  addresses: isAddressList,
  forwarded: (value) => everyItem(value, /[;,]/, FORWARDED_PAIR),
  via: (value) => everyItem(value, ",", VIA_ITEM),
  host: (value) => /^[a-z0-9.-]{1,128}(?::\d{1,5})?$/i.test(value),
  port: (value) => /^\d{1,5}$/.test(value),
  scheme: (value) => /^(?:https?|wss?)$/i.test(value),
  country: (value) => /^[A-Z][A-Z0-9]$/.test(value),
  identity: isAddressList,
  unspecified: isAddressList,
};

/**
 * Returns the stripped fields as the outcome line shows them, by lower-case name. Values that are not in the form of
 * their field are `(not shown)`: `cf-access-jwt-assertion` and `x-original-url` carry credentials.
 */
export function strippedForLog(
  fields: readonly (readonly [name: string, value: string])[],
): Record<string, string> {
  const shown: Record<string, string> = {};
  for (const [received, value] of fields.slice(0, FIELD_LIMIT)) {
    const name = printable(received.toLowerCase(), 64);
    const mayShow = SHOWN[forwardingHeader(received)?.carries ?? "unspecified"];
    const text = value === "" || (value.length <= VALUE_LIMIT && mayShow(value)) ? value : "(not shown)";
    shown[name] = Object.hasOwn(shown, name) ? `${shown[name]}, ${text}` : text;
  }
  return shown;
}

/** Matches items one by one: a pattern for a whole list can backtrack without end (CWE-1333). */
function everyItem(value: string, separator: string | RegExp, item: RegExp): boolean {
  return value.split(separator).every((text) => text.trim() === "" || item.test(text.trim()));
}

function isAddressList(value: string): boolean {
  return value.split(",").every((item) => isIP(item.trim().replace(/^\[(.*)\](?::\d+)?$/, "$1")) !== 0);
}
