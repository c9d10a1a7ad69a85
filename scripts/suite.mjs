// The test files of a suite, in one Mocha process or in several at once.
//
// With several, each file has a process of its own, and the next file of the queue starts when a process ends. So all
// processes end at about the same time on any machine, a file's sockets, memory and environment are its own, and a process
// that dies or does not end belongs to one file. A process takes about half a second to start.
import { existsSync, readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runMocha } from './mocha-process.mjs';
import { SuiteOutput } from './suite-output.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
let processes = 0;

/** Ends this process, and with it the suite, on a signal. A signal alone would not run the exit handlers. */
export function exitOnSignals() {
  const codes = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };
  for (const [signal, code] of Object.entries(codes)) process.once(signal, () => process.exit(code));
}

/** The compiled test files of a suite; with `paths`, only those whose sources are these files or below these folders. */
export function testFiles(suite, paths = []) {
  const folder = join(root, 'build/test', suite);
  if (!existsSync(folder)) return [];
  const wanted = paths.map((path) => resolve(path));
  return readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith('.test.js'))
    .map((name) => join(folder, name))
    .filter((file) => paths.length === 0 || wanted.some((path) => isWithin(join(root, sourceOf(file)), path)))
    .sort();
}

/** Whether the value of --jobs is valid; undefined is. */
export function isJobs(value = '1') {
  return /^[1-9]\d*$/.test(value);
}

/**
 * The default number of Mocha processes at once. The tests of the sim suite keep a core busy. Those of the integration
 * and migration suites mostly wait: in one process they need a quarter of a core, so two processes more than there are
 * cores do not fill them. The unit suite needs a core for a minute, less than the start of a process for each of its
 * files, so that each of its processes runs a share of them. Options for Mocha concern all tests (--bail, --reporter json) or select few of them (--grep), so that one
 * process is right or fastest. An external etcd is one for all: its gauges, with which a test finds its leaks, would
 * include the watchers of other files.
 */
export function jobsFor(suite, options) {
  if (options.length > 0 || process.env.ETCD_TEST_SOURCE === 'external') return 1;
  if (suite === 'sim' || suite === 'unit') return Math.min(4, availableParallelism());
  const mostlyWaits = suite === 'integration' || suite === 'migration';
  return mostlyWaits ? Math.min(5, availableParallelism() + 2) : 1;
}

/** The files of each Mocha process: one, or for the unit suite a share of all. */
export function sharesOf(suite, files, jobs) {
  if (suite !== 'unit' || jobs === 1) return files.map((file) => [file]);
  const shares = Array.from({ length: Math.min(jobs, files.length) }, () => []);
  for (const [i, file] of files.entries()) shares[i % shares.length].push(file);
  return shares;
}

/**
 * Runs test files. Resolves to the counts, and to the failures as `{ name, text }`, with the name of the file.
 *
 * @param files absolute paths
 * @param jobs the number of Mocha processes at once; 1 runs all files in one process
 * @param shares the files of each process; by default each file has its own
 * @param options for Mocha
 * @param env environment variables in addition to those of this process
 * @param scratch a folder for the files of this run
 * @param write gets all output: that of one process as it arrives, that of several file by file
 */
export async function runFiles(files, { jobs, shares = files.map((file) => [file]), write, ...rest }) {
  const results =
    jobs === 1 ? [await run(files, rest, write)] : await runEach(shares, { jobs, write, ...rest });
  const sum = (count) => results.reduce((all, result) => all + result[count], 0);
  return {
    passed: sum('passed'),
    failed: sum('failed'),
    skipped: sum('skipped'),
    failures: results.flatMap(({ name, failures }) => failures.map((text) => ({ name, text }))),
  };
}

async function runEach(shares, { jobs, write, ...rest }) {
  const output = new SuiteOutput(shares.length, write);
  const queue = shares.entries();
  const results = [];
  // The jobs use one iterator: each takes the next share that none has taken.
  const job = async () => {
    for (const [i, files] of queue) {
      const shown = output.start(
        files.length === 1 ? sourceOf(files[0]) : `share ${i + 1}, ${files.length} files`,
      );
      const result = await run(files, rest, shown.write);
      shown.end(result);
      results.push(result);
    }
  };
  await Promise.all(Array.from({ length: jobs }, job));
  output.close();
  return results;
}

async function run(files, { scratch, ...rest }, onOutput) {
  const reportFile = join(scratch, `report-${++processes}.json`);
  const result = await runMocha(files, { ...rest, reportFile, onOutput });
  return { name: files.length === 1 ? sourceOf(files[0]) : `${files.length} files`, ...result };
}

/** `test/unit/x.test.ts` of `build/test/unit/x.test.js`, for people. */
function sourceOf(file) {
  const path = relative(root, file);
  return path.startsWith(`build${sep}`) ? path.slice(6).replace(/js$/, 'ts') : path;
}

function isWithin(file, path) {
  return file === path || file.startsWith(path + sep);
}
