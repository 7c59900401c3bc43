// Draws terminal output as SVG, with its text selectable and readable by screen readers.

const FONT = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace";
const FONT_SIZE = 13;
/** Fixed width of a letter, whatever the font. */
const LETTER = FONT_SIZE * 0.602;
const LINE = 21;
const PADDING = 20;
const BAR = 34;
const GAP = 16;
const COLORS = { text: "#e6e6e3", soft: "#9b9b95", good: "#63cf93", bad: "#ff8a80" };

/** Draws terminals one below the other. The first line of each is its title, the others are `name  value`. */
export function drawTerminals(terminals) {
  const longest = Math.max(...terminals.flat().map((line) => line.trim().length));
  const width = Math.ceil(longest * LETTER) + 2 * PADDING;
  let y = 0;
  const boxes = terminals.map((lines) => {
    const height = BAR + lines.length * LINE - LINE + 2 * PADDING - 14;
    const box = `<g transform="translate(0 ${y})">${drawTerminal(lines, width, height)}</g>`;
    y += height + GAP;
    return box;
  });
  const height = y - GAP;
  const title = terminals.map((lines) => lines.map((line) => line.trim()).join("\n")).join("\n\n");
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" font-family="${FONT}" font-size="${FONT_SIZE}">
<title>${escaped(title)}</title>
${boxes.join("\n")}
</svg>
`;
}

function drawTerminal([title, ...lines], width, height) {
  const texts = lines.map((line, i) => drawLine(line, BAR + PADDING + 5 + i * LINE));
  return [
    `<rect width="${width}" height="${height}" rx="10" fill="#1b1d20"/>`,
    `<path d="M0 ${BAR}V10A10 10 0 0 1 10 0H${width - 10}A10 10 0 0 1 ${width} 10V${BAR}Z" fill="#2a2d31"/>`,
    drawText(title.trim(), PADDING, 22, COLORS.soft),
    ...texts,
  ].join("\n");
}

function drawLine(line, y) {
  const [, name = "", space = "", value = ""] = /^(\S+(?: \S+)*?)( {2,})(.*)$/.exec(line.trim()) ?? [];
  if (name === "") return drawText(line.trim(), PADDING, y, COLORS.text);
  const tone = { refused: COLORS.bad, connected: COLORS.good }[name];
  const x = PADDING + (name.length + space.length) * LETTER;
  return drawText(name, PADDING, y, tone ?? COLORS.soft, tone) + drawText(value, x, y, tone ?? COLORS.text);
}

function drawText(text, x, y, color, bold) {
  const weight = bold ? ' font-weight="600"' : "";
  const length = (text.length * LETTER).toFixed(1);
  return `<text x="${x.toFixed(1)}" y="${y}" fill="${color}"${weight} textLength="${length}" xml:space="preserve">${escaped(text)}</text>`;
}

function escaped(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
