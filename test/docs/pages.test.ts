import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { COMMANDS } from "../../src/commands/command-table.ts";
import { toolVariables } from "../../src/openclaw/tool-variables.ts";
import { Metrics } from "../../src/outcome/metrics.ts";
import { metricsText } from "../../src/status/metrics-text.ts";
import { Connections } from "../../src/server/connections.ts";
import { environmentName, flagName } from "../../src/settings/setting-row.ts";
import { SETTING_ROWS } from "../../src/settings/settings.ts";
import { readRecord } from "../gateway/matrix/document.ts";

const ROOT = join(import.meta.dirname, "../..");
const DOCS = readdirSync(join(ROOT, "docs")).filter((name) => name.endsWith(".md"));
const PAGES = [
  "README.md",
  "SECURITY.md",
  "CHANGELOG.md",
  "CONTRIBUTING.md",
  "microvm/README.md",
  "bench/README.md",
  ...DOCS.map((name) => `docs/${name}`),
];

function read(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

function sources(): readonly string[] {
  const names = readdirSync(join(ROOT, "src"), { recursive: true, encoding: "utf8" });
  return names.filter((name) => name.endsWith(".ts")).map((name) => read(`src/${name}`));
}

function distinct(texts: readonly (string | undefined)[]): string[] {
  return [...new Set(texts.filter((text) => text !== undefined))].toSorted();
}

function matches(text: string, pattern: RegExp): string[] {
  return distinct([...text.matchAll(pattern)].map(([, found]) => found));
}

/** Returns the anchors of a page, as GitHub makes them from its headings. */
function anchors(page: string): string[] {
  return [...page.matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

describe("README.md", () => {
  const readme = read("README.md");

  it("has at most 200 lines, and says first how to run and how to test", () => {
    const lines = readme.split("\n");
    expect(lines.length).toBeLessThanOrEqual(200);
    const first = lines.slice(0, 30).join("\n");
    const said = [
      "pairing required",
      "403",
      "npm ci && npm start",
      "export OPENCLAW_GATEWAY_PORT=",
      "npm ci && npm test",
    ];
    for (const text of said) expect(first).toContain(text);
  });

  it("names every command", () => {
    for (const { name } of COMMANDS) expect(readme).toContain(`openclaw-shim ${name}`);
  });

  it("names the releases whose results docs/compatibility.md has, and the oldest Node.js", () => {
    const releases = [...readRecord().keys()];
    expect(releases.length).toBeGreaterThan(3);
    for (const release of releases) expect(readme).toContain(release);
    const { engines } = JSON.parse(read("package.json")) as { engines: { node: string } };
    expect(readme).toContain(engines.node.replace(">=", "≥ "));
  });

  it("links every page in docs/", () => {
    for (const name of DOCS) expect(readme).toContain(`(docs/${name})`);
  });
});

describe("what sets up tools", () => {
  // The first lines of `run` (test/log/listening-line.test.ts) and doctor's command are made from the same.
  it.each(["README.md", "docs/recipes.md"])("is what env prints: %s", (page) => {
    const { set } = toolVariables({ host: "127.0.0.1", port: 18_788 }, { OPENCLAW_GATEWAY_TOKEN: "t" });
    for (const [name, value] of Object.entries(set)) expect(read(page)).toContain(`export ${name}=${value}`);
  });
});

describe("a recipe that lets others in", () => {
  const OPENS =
    /--allow-from|--allow-host|--allow-origin|tailscale serve|\btunnel|\bpublish|OPENCLAW_SHIM_LISTEN|opens the gateway/;
  // With an SSH tunnel nothing is limited by a shim.
  const sections = ["docs/recipes.md", "docs/sandboxes.md", "microvm/README.md"].flatMap((page) =>
    read(page)
      .split(/^(?=## )/m)
      .filter((text) => OPENS.test(text) && !text.startsWith("## When you need no shim"))
      .map((text) => [page, text.slice(3).split("\n", 1)[0] ?? "", text] as const),
  );

  it("is in these pages", () => {
    expect(sections.length).toBeGreaterThanOrEqual(5);
  });

  it.each(sections)("says what it opens, and how to limit it: %s, %s", (_page, _heading, text) => {
    expect(text).toMatch(/\*\*[^*]*\b(?:opens the gateway to|can reach that port counts as local)\b/);
    expect(text).toMatch(/--max-scopes|OPENCLAW_SHIM_MAX_SCOPES/);
    expect(text).toContain("--forwarded");
  });
});

describe("docs/architecture.md", () => {
  it("gives a reason for every dependency", () => {
    const { dependencies } = JSON.parse(read("package.json")) as { dependencies: object };
    const page = read("docs/architecture.md");
    for (const name of Object.keys(dependencies)) expect(page).toContain(`| \`${name}\``);
  });
});

describe("docs/settings.md", () => {
  const page = read("docs/settings.md");

  it("has every setting with its environment variable", () => {
    for (const [key] of SETTING_ROWS) {
      expect(page).toMatch(new RegExp(`^\\| \`--${flagName(key)}[ \`].*\`${environmentName(key)}\``, "m"));
    }
  });

  it("has every flag of every command", () => {
    for (const { name, flags } of COMMANDS) {
      for (const key of Object.keys(flags))
        expect(page).toMatch(new RegExp(`^\\| \`${name}\` \\| \`--${flagName(key)}[ \`]`, "m"));
    }
  });
});

describe("docs/observability.md", () => {
  const page = read("docs/observability.md");

  it("has every event that is logged, and no other", () => {
    const logged = sources()
      .filter((text) => /\bpino\b|pairing\.outcome/.test(text))
      .flatMap((text) => matches(text, /\bevent: "([\w.-]+)"/g))
      .filter((event) => event !== "outcome");
    const [, section = ""] = page.split("\n## Events\n");
    const rows = (section.split("\n## ", 1)[0] ?? "").split("\n").filter((line) => line.startsWith("| `"));
    const shown = rows.flatMap((row) => matches(row.split(" | ", 1)[0] ?? "", /`([\w.-]+)`/g));
    expect(logged.length).toBeGreaterThan(12);
    expect(distinct(shown)).toEqual(distinct(logged));
  });

  it("has every metric, and no other", () => {
    const text = metricsText(
      {
        metrics: new Metrics(),
        connections: new Connections(1),
        dialer: { heldRequests: () => 0 },
        approver: undefined,
        lostLines: () => 0,
      },
      true,
    );
    expect(matches(page, /^\| `((?:openclaw_shim|process)_\w+)/gm)).toEqual(matches(text, /^# TYPE (\w+)/gm));
  });

  it("has every status path, and no other", () => {
    const paths = matches(read("src/status/status.ts"), /case "(\/[\w/?]*)"/g);
    expect(matches(page, /^\| `(\/[\w/?]*)`/gm)).toEqual(paths.filter((path) => path !== "/__shim__"));
  });
});

describe("the pages", () => {
  it.each(PAGES)("link only to files and headings that exist: %s", (page) => {
    const links = [...read(page).matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)/g)];
    const broken = links.filter(([, path = "", anchor]) => {
      const target = path === "" ? page : join(dirname(page), path);
      if (!existsSync(join(ROOT, target))) return true;
      return anchor !== undefined && !anchors(read(target)).includes(anchor);
    });
    expect(broken.map(([link]) => link)).toEqual([]);
  });

  it.each(PAGES)("name only source files and tests that exist: %s", (page) => {
    const named = matches(read(page), /(?<!OpenClaw )`((?:src|test|systemd|launchd|scripts)\/[\w./-]*)`/g);
    expect(named.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });

  it.each(PAGES.filter((page) => page !== "CHANGELOG.md"))(
    "show commands of the shim as they are: %s",
    (page) => {
      const known = new Set(COMMANDS.map(({ name }) => name));
      const settings = SETTING_ROWS.map(([key]) => flagName(key));
      const own = COMMANDS.flatMap(({ flags }) => Object.keys(flags).map(flagName));
      const flags = new Set([...settings, ...own, "help", "version"]);
      const shown = read(page).matchAll(/openclaw-shim(?:\.mjs)? ([a-z-]+)((?: [^`\n#&|;]*)?)/g);
      for (const [whole, command = "", rest = ""] of shown) {
        if (!known.has(command)) continue;
        for (const flag of matches(rest, /--([a-z-]+)/g)) expect([...flags], whole).toContain(flag);
      }
    },
  );
});
