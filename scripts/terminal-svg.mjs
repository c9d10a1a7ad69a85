// Draws the output of a program as an SVG picture of a terminal.

const fontSize = 13;
const lineHeight = 18;
const charWidth = fontSize * 0.602; // of the usual monospaced fonts
const padding = 16;
const background = '#0d1117';
const foreground = '#c9d1d9';
/** ANSI's colours 0 to 7, and their bright variants. */
const colours = ['#484f58', '#ff7b72', '#3fb950', '#d29922', '#58a6ff', '#bc8cff', '#39c5cf', '#b1bac4'];
const bright = ['#6e7681', '#ffa198', '#56d364', '#e3b341', '#79c0ff', '#d2a8ff', '#56d4dd', '#f0f6fc'];

/** A picture of a text, which may have ANSI colours. Other control sequences are left out. */
export function toSvg(text, title) {
  const lines = text.replace(/\s+$/, '').split('\n');
  const columns = Math.max(...lines.map((line) => [...plain(line)].length));
  const width = Math.ceil(columns * charWidth + 2 * padding);
  const height = lines.length * lineHeight + 2 * padding;
  const rows = styledLines(lines).flatMap((spans, row) => {
    const y = padding + row * lineHeight + fontSize;
    return spans.length === 0 ? [] : `<text x="${padding}" y="${y}">${spans.map(toTspan).join('')}</text>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escapeXml(title)}</title>`,
    `<rect width="100%" height="100%" rx="8" fill="${background}"/>`,
    `<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="${fontSize}" fill="${foreground}" xml:space="preserve">`,
    ...rows,
    '</g>',
    '</svg>',
    '',
  ].join('\n');
}

const escapeCharacter = '\u001b';
const sequence = new RegExp(`${escapeCharacter}\\[([0-9;?]*)([A-Za-z])`, 'g');
const plain = (line) => line.replace(sequence, '');

/** The spans of each line: text with one style. A style lasts until it is changed, over the ends of lines. */
function styledLines(lines) {
  let style = {};
  return lines.map((line) => {
    const spans = [];
    let from = 0;
    for (const { index, 0: all, 1: codes, 2: kind } of line.matchAll(sequence)) {
      spans.push({ text: line.slice(from, index), style });
      from = index + all.length;
      if (kind === 'm') style = codes.split(';').reduce(applyCode, style);
    }
    spans.push({ text: line.slice(from), style });
    return spans.filter(({ text }) => text !== '');
  });
}

function applyCode(style, text) {
  const code = Number(text);
  if (code === 0) return {};
  if (code === 1) return { ...style, bold: true };
  if (code === 2) return { ...style, dim: true };
  if (code === 22) return { ...style, bold: false, dim: false };
  if (code === 39) return { ...style, colour: undefined };
  if (code >= 30 && code <= 37) return { ...style, colour: colours[code - 30] };
  if (code >= 90 && code <= 97) return { ...style, colour: bright[code - 90] };
  return style;
}

function toTspan({ text, style: { colour, bold, dim } }) {
  const attributes = [
    colour && ` fill="${colour}"`,
    bold && ' font-weight="bold"',
    dim && ' fill-opacity="0.6"',
  ].filter(Boolean);
  const content = escapeXml(text);
  return attributes.length === 0 ? content : `<tspan${attributes.join('')}>${content}</tspan>`;
}

const escapeXml = (text) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
