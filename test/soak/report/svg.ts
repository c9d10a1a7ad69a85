import type { FaultMark } from '../nemesis.js';
import type { SeriesName, SeriesSet } from '../samples.js';
import { type Point, toBlocks } from '../stats/theil-sen.js';

interface Panel {
  readonly series: SeriesName;
  readonly title: string;
}

const panels: readonly Panel[] = [
  { series: 'heap', title: 'heap after a collection, without code, MB' },
  { series: 'rss', title: 'resident memory, MB' },
  { series: 'descriptors', title: 'descriptors' },
  { series: 'watchers', title: 'watchers of the clients' },
];

const width = 900;
const plot = { left: 60, right: 20, top: 44, height: 90, gap: 44 };
const plotWidth = width - plot.left - plot.right;
const height = plot.top + panels.length * (plot.height + plot.gap) + 8;
/** More points or marks than pixels show nothing more. */
const maxPoints = 720;
const maxMarks = 600;

const style = `<style>
svg { background: #fff; color: #1f2328 }
.line { fill: none; stroke: #0969da; stroke-width: 1.2 }
.grid { stroke: #d1d9e0 }
.fault { stroke: #cf222e; stroke-opacity: 0.55 }
@media (prefers-color-scheme: dark) {
svg { background: #0d1117; color: #c9d1d9 }
.line { stroke: #58a6ff }
.grid { stroke: #30363d }
.fault { stroke: #f85149 }
}
</style>`;

/** The plot of a run: a panel for each quantity over time, with a mark below for each fault. */
export function drawSamples(series: SeriesSet, faults: readonly FaultMark[], title: string): string {
  const hours = Math.max(series.heap.at(-1)?.hours ?? 0, 1e-6);
  const drawn = panels.map((panel, i) => drawPanel(panel, series[panel.series], hours, topOf(i)));
  const marks = panels.map((_, i) => drawMarks(faults, hours, topOf(i) + plot.height));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escapeText(title)}</title>`,
    style,
    `<g font-family="system-ui, sans-serif" font-size="12" fill="currentColor">`,
    `<text x="${plot.left}" y="20" font-size="14">${escapeText(title)}</text>`,
    ...drawn,
    ...marks,
    '</g>',
    '</svg>',
    '',
  ].join('\n');
}

function topOf(panel: number): number {
  return plot.top + panel * (plot.height + plot.gap);
}

function drawPanel({ title }: Panel, points: readonly Point[], hours: number, top: number): string {
  const blocks = toBlocks(points, maxPoints);
  const values = blocks.map(({ value }) => value);
  const highest = Math.max(...values, 0) * 1.1 || 1;
  const x = (at: number) => (plot.left + (at / hours) * plotWidth).toFixed(1);
  const y = (value: number) => (top + plot.height * (1 - value / highest)).toFixed(1);
  const path = blocks.map(({ hours: at, value }) => `${x(at)},${y(value)}`).join(' ');
  const bottom = top + plot.height;
  return [
    `<text x="${plot.left}" y="${top - 5}">${escapeText(title)}</text>`,
    `<line class="grid" x1="${plot.left}" y1="${bottom}" x2="${plot.left + plotWidth}" y2="${bottom}"/>`,
    `<line class="grid" x1="${plot.left}" y1="${top}" x2="${plot.left + plotWidth}" y2="${top}"/>`,
    `<text x="${plot.left - 6}" y="${top + 4}" text-anchor="end">${short(highest)}</text>`,
    `<text x="${plot.left - 6}" y="${bottom + 4}" text-anchor="end">0</text>`,
    `<text x="${plot.left + plotWidth}" y="${bottom + 20}" text-anchor="end">${duration(hours)}</text>`,
    `<polyline class="line" points="${path}"/>`,
  ].join('\n');
}

function drawMarks(faults: readonly FaultMark[], hours: number, y: number): string {
  const every = Math.ceil(faults.length / maxMarks);
  return faults
    .filter((_, i) => i % every === 0)
    .map(({ name, atHours }) => {
      const x = (plot.left + Math.min(atHours / hours, 1) * plotWidth).toFixed(1);
      return `<line class="fault" x1="${x}" y1="${y}" x2="${x}" y2="${y + 6}"><title>${escapeText(name)}</title></line>`;
    })
    .join('\n');
}

function duration(hours: number): string {
  return hours < 2 ? `${Math.round(hours * 60)} min` : `${hours.toFixed(1)} h`;
}

function short(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(1);
}

function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
