// The results of a row as numbers and as text.
import { contestants } from '../contestants/index.mjs';
import { ratios, spread } from './statistics.mjs';

/** For each contestant and metric: the values of all rounds, their spread, and that of the ratios to raw. */
export function summarize(row, { settings, figures, failures }) {
  const results = Object.entries(figures).map(([name, rounds]) => ({
    contestant: name,
    error: failures[name],
    metrics: Object.fromEntries(
      row.metrics.map((metric) => [metric.name, summaryOf(metric.name, rounds, figures.raw)]),
    ),
  }));
  return { row: row.name, title: row.title, metrics: row.metrics, settings, results };
}

function summaryOf(metric, rounds, rawRounds) {
  const of = (all) => Array.from(all, (figures) => figures?.[metric]);
  const values = of(rounds);
  const known = values.filter((value) => value !== undefined);
  return { values, ...spread(known), ratio: spread(ratios(values, of(rawRounds))) };
}

export function rowText(row, { settings, results }) {
  const rounds = Math.max(0, ...results.map(({ metrics }) => metrics[row.metrics[0].name].values.length));
  const { rounds: _, ...sizes } = settings;
  const size = Object.entries(sizes).map(([name, value]) => `${name} ${value}`);
  const head = [`${rounds} ${rounds === 1 ? 'round' : 'rounds'}`, ...size].join(', ');
  const titles = row.metrics.map(({ title }) => `${title.padEnd(28)}${'÷ raw'.padEnd(22)}`).join('');
  return [`\n${row.name}: ${row.title} (${head})`, `  ${''.padEnd(14)}${titles}`, ...results.map(line)]
    .map((text) => text.trimEnd())
    .join('\n');
}

function line({ contestant, error, metrics }) {
  const title = `  ${contestants[contestant].title.padEnd(14)}`;
  const cells = Object.values(metrics).map(
    ({ ratio, ...value }) =>
      `${spreadText(value, quantity).padEnd(28)}${spreadText(ratio, (number) => number.toFixed(2)).padEnd(22)}`,
  );
  const failed = error === undefined ? '' : `failed: ${error.split('\n')[0]}`;
  return title + (Number.isNaN(Object.values(metrics)[0].median) ? failed : `${cells.join('')}${failed}`);
}

/** The median, with the 10th and the 90th percentile. */
export function spreadText({ median, p10, p90 }, format) {
  if (Number.isNaN(median)) return '–';
  return `${format(median)} [${format(p10)}–${format(p90)}]`;
}

/** Three digits, or all before the point. */
export function quantity(number) {
  if (Math.abs(number) >= 100) return Math.round(number).toLocaleString('en');
  return number.toFixed(Math.abs(number) >= 10 ? 1 : 2);
}
