// The table of the figures.
import { mean, percentile, slope } from '../harness/statistics.mjs';

/** @param result what `--json` writes. */
export function toText({ machine, programs, options, firstRows, normal, throttled }) {
  const { endpoints, rate, pages, seed } = options;
  const head = [
    machine,
    `etcd ${programs.etcd}, Chromium ${programs.chromium}; ${endpoints} endpoints, ${rate} changes a second, ${pages} pages, seed ${seed}`,
    '',
    row(
      'first row of a new page, median',
      ms(percentile(firstRows, 0.5)),
      `max ${ms(Math.max(...firstRows))}`,
    ),
  ];
  return [
    ...head,
    ...stretch(`${options.seconds} s`, normal, options),
    ...(throttled ? stretch(`${options.throttled} s, pages throttled by 4`, throttled, options) : []),
  ].join('\n');
}

function stretch(title, load, { pages }) {
  return [
    '',
    title,
    ...changes(load),
    ...delays(load),
    ...mainThread(load),
    ...server(load, pages),
    ...memory(load),
  ];
}

function changes({ changes: { counts, seconds } }) {
  const { failed, ...made } = counts;
  const total = Object.values(made).reduce((sum, count) => sum + count, 0);
  const mix = Object.entries(made).map(([name, count]) => `${name} ${count}`);
  return [row('changes a second', (total / seconds).toFixed(0), `${mix.join(', ')}; failed ${failed}`)];
}

function delays({ answers, seen, drift }) {
  const all = seen.flatMap((page) => page.delays);
  const figures = (name) => {
    const values = all.map((delay) => delay[name]).filter((value) => value !== undefined);
    return [
      ms(percentile(values, 0.5)),
      `p99 ${ms(percentile(values, 0.99))}, max ${ms(values.reduce((a, b) => Math.max(a, b), 0))}`,
    ];
  };
  const missed = answers.length * seen.length - all.length;
  return [
    row('answer of etcd to DOM, p50', ...figures('fromAnswer')),
    row('request to DOM, p50', ...figures('fromRequest')),
    row('answer to the next frame, p50', ...figures('toFrame')),
    row('visible changes seen', String(all.length), `${missed} not seen, or replaced before`),
    row('drift of the clocks', ms(drift)),
  ];
}

function mainThread({ seen, usage }) {
  const long = seen.flatMap(({ longTasks }) => longTasks);
  const sum = (name) => seen.reduce((total, page) => total + page[name], 0);
  const dropped = sum('dropped');
  const shares = ['script', 'layout', 'process'].map((name) => `${name} ${percent(usage[name] / usage.at)}`);
  return [
    row(
      'longest task of the main thread',
      long.length === 0 ? '< 50 ms' : ms(Math.max(...long)),
      `${long.length} of 50 ms or more`,
    ),
    row(
      'frames dropped',
      percent(dropped / (dropped + sum('frames'))),
      `longest ${ms(Math.max(...seen.map((page) => page.longestFrame)))}`,
    ),
    row('CPU of the main thread of a page', percent(usage.mainThread / usage.at), shares.join(', ')),
  ];
}

function server({ usage }, pages) {
  return [
    row(
      'CPU of the server',
      percent(usage.serverCpu / usage.at),
      `etcd ${percent(usage.etcdCpu / usage.at)}`,
    ),
    row(
      'bytes sent to a page',
      `${(usage.sent / pages / usage.at / 1_000).toFixed(1)} kB/s`,
      mb(usage.sent / pages),
    ),
  ];
}

function memory({ memory: samples }) {
  const [first, last] = [samples[0], samples.at(-1)];
  const from = (name, of) =>
    row(`${name}, before and after`, mb(of(first)), `${mb(of(last))}${growth(samples, of)}`);
  return [
    from('heap of the server', ({ server: { heap } }) => heap),
    from('resident memory of the server', ({ server: { rss } }) => rss),
    from('heap of a page', ({ pageHeap }) => pageHeap),
    ...(first.pagesResident === undefined
      ? []
      : [from('resident memory of all pages', ({ pagesResident }) => pagesResident)]),
    row('DOM nodes of a page', String(first.pageNodes), String(last.pageNodes)),
  ];
}

/** Of the second half of the samples: caches and buffers fill in the first. */
function growth(samples, of) {
  if (samples.length < 6) return '';
  const late = samples.slice(Math.floor(samples.length / 2));
  const minutes = late.map(({ at }) => at / 60_000);
  return `; ${mb(slope(minutes, late.map(of)))} a minute in the second half, mean ${mb(mean(late.map(of)))}`;
}

function row(name, figure, more = '') {
  return `${name.padEnd(46)}${figure.padStart(10)}  ${more}`.trimEnd();
}

function ms(value) {
  return `${value.toFixed(1)} ms`;
}

function percent(share) {
  return `${(100 * share).toFixed(1)} %`;
}

function mb(bytes) {
  return `${(bytes / 1e6).toFixed(2)} MB`;
}
