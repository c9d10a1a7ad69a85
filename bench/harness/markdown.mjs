// The results as a table for a page.
import { contestants } from '../contestants/index.mjs';
import { machineText } from './machine.mjs';
import { quantity, spreadText } from './report.mjs';

/** One line for each metric: the figures of raw grpc-js, and the ratios of the others to them, with their spread. */
export function markdown(machine, results) {
  const names = Object.keys(machine.contestants).filter((name) => name !== 'raw');
  const titles = names.map((name) => `${contestants[name].title} ÷ raw`);
  return [
    ...machineText(machine)
      .split('\n')
      .map((line) => `- ${line.replace(/ {2,}/g, ' ')}`),
    '',
    line(['Work', contestants.raw.title, ...titles]),
    line(Array(names.length + 2).fill('---')),
    ...results.flatMap((result) => linesOf(result, names)),
    '',
  ].join('\n');
}

function linesOf({ title, metrics, results }, names) {
  const of = (name) => results.find(({ contestant }) => contestant === name);
  return metrics.map(({ name: metric, title: unit }) => {
    const ratios = names.map((name) => ratioText(of(name)?.metrics[metric].ratio));
    return line([`${title}: ${unit}`, quantity(of('raw').metrics[metric].median), ...ratios]);
  });
}

function ratioText(ratio) {
  if (ratio === undefined || Number.isNaN(ratio.median)) return '–';
  return spreadText(ratio, (number) => number.toFixed(2));
}

function line(cells) {
  return `| ${cells.join(' | ')} |`;
}
