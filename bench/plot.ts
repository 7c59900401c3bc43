/** One line of a plot. */
export interface Curve {
  readonly name: string;
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

interface Panel {
  readonly title: string;
  readonly xLabel: string;
  readonly curves: readonly Curve[];
  readonly tick: (value: number) => string;
}

const WIDTH = 440;
const HEIGHT = 320;
const MARGIN = { left: 64, right: 30, top: 40, bottom: 84 } as const;
// Distinguishable for colour-blind readers (Okabe and Ito).
const COLOURS = ["#d55e00", "#999999", "#0072b2", "#009e73", "#cc79a7", "#e69f00"] as const;

/** Draws CPU per message against connections and against size, both axes logarithmic. Returns an SVG document. */
export function plotGrowth(byConnections: readonly Curve[], bySize: readonly Curve[]): string {
  const panels: Panel[] = [
    {
      title: "200-byte messages, all connections busy",
      xLabel: "connections",
      curves: byConnections,
      tick: String,
    },
    { title: "one connection, there and back", xLabel: "message size", curves: bySize, tick: bytes },
  ];
  const body = panels.map((panel, i) => `<g transform="translate(${i * WIDTH} 0)">${draw(panel)}</g>`);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH * panels.length} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<rect width="100%" height="100%" fill="#fff"/>`,
    ...body,
    "</svg>\n",
  ].join("\n");
}

function draw({ title, xLabel, curves, tick }: Panel): string {
  const points = curves.flatMap((curve) => curve.points);
  const x = scale(
    points.map((point) => point.x),
    MARGIN.left,
    WIDTH - MARGIN.right,
  );
  const y = scale(
    points.map((point) => point.y),
    HEIGHT - MARGIN.bottom,
    MARGIN.top,
  );
  const middle = (MARGIN.left + WIDTH - MARGIN.right) / 2;
  const bottom = HEIGHT - MARGIN.bottom;
  return [
    text(middle, 18, title, 'text-anchor="middle" font-weight="bold"'),
    text(middle, bottom + 36, xLabel, 'text-anchor="middle"'),
    text(8, MARGIN.top - 10, "proxy CPU per message (µs)"),
    ...x.ticks.flatMap((value) => [
      line(x.at(value), bottom, x.at(value), MARGIN.top),
      text(x.at(value), bottom + 16, tick(value), 'text-anchor="middle"'),
    ]),
    ...y.ticks.flatMap((value) => [
      line(MARGIN.left, y.at(value), WIDTH - MARGIN.right, y.at(value)),
      text(MARGIN.left - 6, y.at(value) + 4, value.toLocaleString("en"), 'text-anchor="end"'),
    ]),
    ...curves.map((curve, i) => drawCurve(curve, i, x.at, y.at)),
  ].join("\n");
}

function drawCurve({ name, points }: Curve, index: number, x: Position, y: Position): string {
  const colour = COLOURS[index % COLOURS.length] ?? "#000";
  const known = points.filter((point) => point.y > 0);
  const path = known.map((point) => `${round(x(point.x))},${round(y(point.y))}`).join(" ");
  const left = MARGIN.left + (index % 4) * 92;
  const top = HEIGHT - 28 + Math.floor(index / 4) * 16;
  return [
    `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>`,
    ...known.map(
      (point) => `<circle cx="${round(x(point.x))}" cy="${round(y(point.y))}" r="3" fill="${colour}"/>`,
    ),
    `<rect x="${left}" y="${top - 9}" width="10" height="10" fill="${colour}"/>`,
    text(left + 15, top, name),
  ].join("\n");
}

type Position = (value: number) => number;

/** Creates a logarithmic axis with a tick at every power of ten. */
function scale(values: readonly number[], from: number, to: number): { at: Position; ticks: number[] } {
  const known = values.filter((value) => value > 0);
  const low = Math.floor(Math.log10(Math.min(...known)) + 1e-9);
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...known)) - 1e-9));
  return {
    at: (value) => from + ((Math.log10(value) - low) / (high - low)) * (to - from),
    ticks: Array.from({ length: high - low + 1 }, (_none, i) => 10 ** (low + i)),
  };
}

function bytes(value: number): string {
  if (value >= 1e6) return `${value / 1e6} MB`;
  return value >= 1e3 ? `${value / 1e3} kB` : `${value} B`;
}

function line(x1: number, y1: number, x2: number, y2: number): string {
  return `<line x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}" stroke="#ddd"/>`;
}

function text(x: number, y: number, content: string, attributes = ""): string {
  return `<text x="${round(x)}" y="${round(y)}" ${attributes}>${content}</text>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
