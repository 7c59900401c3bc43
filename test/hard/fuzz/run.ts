// `npm run fuzz -- TARGET [--count N] [--seconds S] [--seed N] [--guided S] [--keep]`: mutates a stored corpus, guided by coverage.
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { Coverage } from "./coverage.ts";
import { framesTarget } from "./frames.ts";
import { headsTarget } from "./heads.ts";
import { mutate } from "./mutate.ts";
import { seeded } from "./random.ts";
import { settingsTarget } from "./settings.ts";
import { storesTarget } from "./stores.ts";
import { Watchdog } from "./watchdog.ts";
import { wireTarget } from "./wire.ts";

const TARGETS = {
  heads: headsTarget,
  frames: framesTarget,
  settings: settingsTarget,
  stores: storesTarget,
  wire: wireTarget,
};
const CORPUS = "test/hard/fuzz/corpus";
/** Number of inputs between two measurements of coverage, each of which takes a millisecond. */
const BATCH = 100;
const CORPUS_LIMIT = 2_000;
const MIB = 1024 * 1024;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    count: { type: "string", default: "100000" },
    seconds: { type: "string", default: "Infinity" },
    guided: { type: "string", default: "5" },
    seed: { type: "string", default: String(Date.now() % 1e9) },
    keep: { type: "boolean", default: false },
  },
});

// A run that a signal ends prints its results.
const ended = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => ended.abort());

const [name = ""] = positionals;
if (!Object.hasOwn(TARGETS, name))
  throw new Error(`unknown target; choose one of ${Object.keys(TARGETS).join(", ")}`);
await fuzz(name as keyof typeof TARGETS);

async function fuzz(targetName: keyof typeof TARGETS): Promise<void> {
  const count = Number(values.count);
  const random = seeded(Number(values.seed));
  const target = await TARGETS[targetName]();
  const watchdog = await Watchdog.start(values.seed);
  const file = `${CORPUS}/${targetName}.json`;
  const corpus: Buffer[] = [...target.seeds, ...read(file)].map((text) => Buffer.from(text, "latin1"));
  let coverage: Coverage | undefined = new Coverage(import.meta.url);
  let blocks = 0;
  const started = performance.now();
  const guidedUntil = started + Number(values.guided) * 1_000;
  const end = started + Number(values.seconds) * 1_000;
  const rssAt: number[] = [];
  const seeds = corpus.slice(0, target.seeds.length);
  /** Picks a seed half of the time: most inputs of the corpus are refused early. */
  const pick = (): Buffer => {
    const from = random.below(2) === 0 ? seeds : corpus;
    return from[random.below(from.length)] ?? Buffer.alloc(0);
  };
  let [inputs, units, passed] = [0, 0, 0];

  async function runInput(input: Buffer): Promise<void> {
    watchdog.watch(input);
    try {
      const result = await target.run(input, random);
      inputs += 1;
      units += result.units;
      passed += result.passed;
    } catch (error) {
      process.stdout.write(`seed ${values.seed}, input ${JSON.stringify(input.toString("latin1"))}\n`);
      throw error;
    }
  }

  for (const input of corpus) await runInput(input);
  coverage.update();
  const known = corpus.length;
  while (!ended.signal.aborted && units < count && performance.now() < end) {
    const batch: Buffer[] = [];
    for (let i = 0; i < BATCH; i += 1) {
      const input = mutate(pick(), pick(), target.words, random);
      batch.push(input);
      await runInput(input);
    }
    // With coverage V8 runs this program at a tenth of its speed: only the first part of a run is guided.
    if (coverage && performance.now() > guidedUntil) {
      blocks = coverage.blocks;
      coverage.close();
      coverage = undefined;
    }
    // The batch reached new blocks. Storing part of it is cheaper than finding the input.
    if (coverage?.update() && corpus.length < CORPUS_LIMIT)
      corpus.push(...batch.filter((_, i) => i % 10 === 0));
    if (inputs % (BATCH * 100) < BATCH) rssAt.push(process.memoryUsage.rss() / MIB);
    // A pause lets resources be closed and collected.
    if (inputs % (BATCH * 10) < BATCH) await new Promise((resolve) => setImmediate(resolve));
  }
  const seconds = (performance.now() - started) / 1_000;
  if (values.keep) store(file, corpus.slice(target.seeds.length));
  coverage?.close();
  await target.close();
  await watchdog.close();
  const half = rssAt.slice(Math.floor(rssAt.length / 2));
  process.stdout.write(
    `${JSON.stringify({
      target: targetName,
      node: process.version,
      seed: values.seed,
      units,
      inputs,
      passed,
      failures: 0,
      corpus: { before: known, after: corpus.length },
      blocks: coverage?.blocks ?? blocks,
      seconds: Math.round(seconds),
      perSecond: Math.round(units / seconds),
      rssMiB: {
        firstHalf: Math.round(Math.max(...rssAt.slice(0, Math.ceil(rssAt.length / 2)), 0)),
        secondHalf: Math.round(Math.max(...half, 0)),
      },
    })}\n`,
  );
}

function read(file: string): string[] {
  const stored: unknown = JSON.parse(readFileSync(file, "utf8"));
  return Array.isArray(stored) ? stored.map(String) : [];
}

/** Stores the shortest inputs, so that the corpus stays readable. */
function store(file: string, corpus: readonly Buffer[]): void {
  const texts = corpus.map((bytes) => bytes.toString("latin1")).filter((text) => text.length < 400);
  const short = [...new Set(texts)].sort((a, b) => a.length - b.length).slice(0, 200);
  writeFileSync(file, `${JSON.stringify(short, undefined, 2)}\n`);
}
