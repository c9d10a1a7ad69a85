#!/usr/bin/env node
// npm run bench: this package compared with what a user would pick instead.
import { existsSync, writeFileSync } from 'node:fs';
import { raceAbort } from '../build/src/async/signals.js';
import { contestantNames } from './contestants/index.mjs';
import { parseArguments, UsageError } from './harness/arguments.mjs';
import { Budget } from './harness/budget.mjs';
import { killContestants } from './harness/contestant.mjs';
import { describeMachine, machineText } from './harness/machine.mjs';
import { markdown } from './harness/markdown.mjs';
import { installPeers, writeDescriptors } from './harness/peers.mjs';
import { moveTo, planCores } from './harness/processes.mjs';
import { rowText, summarize } from './harness/report.mjs';
import { measureRow } from './harness/rounds.mjs';
import { loadRows } from './rows/index.mjs';

const quickMs = 115_000;
/** What the last rounds of a quick run may need after their end is due. */
const quickReserveMs = 15_000;

const rows = await loadRows();
const help = `npm run bench [-- options]

Compares this package with ${contestantNames.filter((name) => name !== 'ours').join(', ')} on one real etcd: medians [p10–p90] and ratios to raw grpc-js.
bench/README.md explains the method and how to read the figures.

  --quick             small sizes and few rounds: ends within two minutes, after the peers are installed
  --rows LIST         only these rows, separated by commas; put-* selects all that begin with put-
  --rounds N          rounds per row (default: set by each row)
  --contestants LIST  ${contestantNames.join(', ')}; raw always takes part
  --version VERSION   the etcd release; ETCD_BIN=PATH chooses a binary
  --json FILE         also writes the machine, all figures and the ratios to a file
  --markdown FILE     also writes a table of the ratios
  --help              this text

Rows:
${rows.map(({ name, title }) => `  ${name.padEnd(20)}${title}`).join('\n')}`;

const stop = new AbortController();
for (const [signal, code] of Object.entries({ SIGINT: 130, SIGTERM: 143, SIGHUP: 129 }))
  process.once(signal, () => {
    process.exitCode = code;
    stop.abort(new Error(`ended by ${signal}`));
  });

try {
  await main();
} catch (error) {
  if (error instanceof UsageError) console.error(`${error.message}\n\n${help}`);
  else console.error(stop.signal.aborted ? stop.signal.reason.message : error);
  process.exitCode ??= error instanceof UsageError ? 2 : 1;
}
await killContestants();
// A measurement that was interrupted may still wait for something.
process.exit();

async function main() {
  const options = parseArguments(process.argv.slice(2), {
    rows: rows.map(({ name }) => name),
    contestants: contestantNames,
  });
  if (options.help) {
    console.log(help);
    return;
  }
  await installPeers(stop.signal);
  writeDescriptors();
  const cores = planCores();
  const etcd = await startServer(options, cores);
  try {
    await compare(options, etcd, cores);
  } finally {
    await killContestants();
    await etcd.close();
  }
}

/** Starts etcd on its core. This process then moves away from it. */
async function startServer({ version }, cores) {
  // On a disk, fsync would dominate.
  if (existsSync('/dev/shm')) process.env.TMPDIR = '/dev/shm';
  const { startEtcd } = await import('../dist/testing.js');
  moveTo(cores.server);
  const etcd = await startEtcd({
    args: ['--quota-backend-bytes', String(8 * 2 ** 30)],
    signal: stop.signal,
    ...(version === undefined ? {} : { version }),
  });
  moveTo(cores.others);
  return etcd;
}

async function compare(options, etcd, cores) {
  const machine = describeMachine({ etcd, cores, contestants: options.contestants });
  console.log(machineText(machine));
  const chosen = rows.filter(({ name }) => options.rows.includes(name));
  const results = [];
  for await (const result of measureAll(chosen, options, etcd, cores)) {
    results.push(result);
    if (result.results.some(({ error }) => error !== undefined)) process.exitCode = 1;
    if (options.json) writeFileSync(options.json, `${JSON.stringify({ machine, results }, null, 2)}\n`);
    if (options.markdown) writeFileSync(options.markdown, markdown(machine, results));
  }
  const left = chosen.slice(results.length);
  if (left.length > 0) {
    console.log(`\nNOT measured, because the time was up: ${left.map(({ name }) => name).join(', ')}`);
    process.exitCode = 1;
  }
}

/** Measures the rows in order. With --quick, it stops when the time is up. */
async function* measureAll(chosen, options, etcd, cores) {
  const timeUp = options.quick ? AbortSignal.timeout(quickMs) : undefined;
  const signal = timeUp ? AbortSignal.any([timeUp, stop.signal]) : stop.signal;
  const budget = new Budget(options.quick ? quickMs - quickReserveMs : undefined);
  const [address] = etcd.endpoints;
  const { open } = await import('./contestants/raw.mjs');
  const raw = open(address);
  for (const [index, row] of chosen.entries()) {
    const names = options.contestants.filter((name) => (row.contestants ?? contestantNames).includes(name));
    const run = {
      ...{ address, raw, cores, signal },
      mode: options.quick ? 'quick' : 'full',
      rounds: options.rounds,
      endAt: budget.endOfRow(chosen.length - index),
      progress,
    };
    try {
      const result = summarize(row, await raceAbort(measureRow(row, names, run), signal));
      progress('');
      console.log(rowText(row, result));
      yield result;
    } catch (error) {
      if (!timeUp?.aborted || stop.signal.aborted) throw error;
      break;
    }
  }
  raw.close();
}

/** One line that each call replaces, on a terminal; otherwise a line each. */
function progress(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`);
  else if (text !== '') console.error(`… ${text}`);
}
