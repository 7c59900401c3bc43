import { flagName } from "../../src/settings/names.ts";
import { SETTING_ROWS } from "../../src/settings/settings-table.ts";

/** Returns the table of settings in Markdown, as the README has it. */
export function settingsTable(): string {
  const rows = SETTING_ROWS.map(([key, row]) => {
    const { metavar, repeatable, help, more } = row;
    const { default: texts = [], defaultNote = texts.map((text) => `\`${text}\``).join(", ") } = row;
    const form = `--${flagName(key)}${metavar === undefined ? "" : ` ${metavar}`}`.replaceAll("|", "\\|");
    const none = metavar === undefined ? "off" : "–";
    const meaning = [help, more].filter((part) => part !== undefined).join("; ");
    return `| \`${form}\`${repeatable ? " (repeatable)" : ""} | ${defaultNote || none} | ${meaning} |\n`;
  });
  return `| flag | default | meaning |\n| --- | --- | --- |\n${rows.join("")}`;
}
