#!/usr/bin/env node
// npm run mutants: which changes of the source does no test notice?
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { printResults, printStale, printSurvivors } from './report.mjs';
import { install, mutate, NoResultError } from './stryker.mjs';
import { explain, readAccepted, resultOf, toEntries } from './survivors.mjs';
import { compiledTest, sourcesOf, testsOf, UsageError } from './targets.mjs';

const help = `npm run mutants -- PATH… [options]

Mutation tests: changes one expression at a time and runs tests against each change. A change that no test notices has
survived; it is listed unless tools/mutants/accepted explains it. PATH is a file or a folder of src, or FILE:10-40.

  --tests GLOB       run these tests, e.g. 'test/unit/wire/*.test.ts'; repeatable. Default: the unit tests in the folder
                     of each PATH (or in the nearest one above that exists), without fuzz tests
  --integration      also the integration tests of that folder, which start an etcd: hours for a module
  --concurrency N    number of test processes at once (default 1)
  --help             this text

The first run installs StrykerJS in tools/mutants. build/mutants/survivors.json receives the survivors as entries for
the lists in tools/mutants/accepted. Exit code 0: no unexplained survivor. 1: some, or an entry for a mutant that did
not survive. 2: no result.`;

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../..');
const output = join(root, 'build/mutants');

try {
  process.exitCode = await main();
} catch (error) {
  if (error instanceof NoResultError) console.error(error.message);
  else if (error instanceof UsageError || error.code?.startsWith('ERR_PARSE_ARGS'))
    console.error(`${error.message}\n\n${help}`);
  else throw error;
  process.exitCode = 2;
}

async function main() {
  const { values, positionals } = parse();
  if (values.help) {
    console.log(help);
    return 0;
  }
  if (positionals.length === 0) throw new UsageError('name a file or a folder of src');
  const concurrency = Number(values.concurrency);
  if (!(Number.isInteger(concurrency) && concurrency > 0))
    throw new UsageError(`--concurrency takes a positive number, not '${values.concurrency}'`);
  const sources = sourcesOf(positionals, root);
  const tests = testsFor(sources, values);
  await install();
  console.log(`sources: ${sources.length}, tests: ${tests.length} files or globs`);
  const patterns = sources.map(({ pattern }) => pattern);
  return conclude(sources, await mutate(patterns, tests, { output, concurrency }));
}

function parse() {
  return parseArgs({
    allowPositionals: true,
    options: {
      tests: { type: 'string', multiple: true },
      integration: { type: 'boolean', default: false },
      concurrency: { type: 'string', default: '1' },
      help: { type: 'boolean', default: false },
    },
  });
}

function testsFor(sources, { tests, integration }) {
  if (tests) return tests.map(compiledTest);
  const files = sources.map(({ file }) => file);
  const suites = integration ? ['unit', 'integration'] : ['unit'];
  return suites.flatMap((suite) => testsOf(files, suite, root)).map(compiledTest);
}

/** Prints the results and returns the exit code. */
function conclude(sources, files) {
  const accepted = readAccepted(join(here, 'accepted'));
  const results = Object.entries(files).map(([file, part]) => {
    const result = resultOf(file, part);
    const isWhole = sources.some(({ pattern }) => pattern === file);
    const { stale, ...explained } = explain(result, accepted.get(file));
    return { ...result, ...explained, stale: isWhole ? stale : [] };
  });
  const survived = results.filter(({ unexplained }) => unexplained.length > 0);
  const entries = survived.map(({ file, unexplained }) => [file, toEntries(unexplained)]);
  writeFileSync(join(output, 'survivors.json'), `${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`);
  printSurvivors(survived);
  printStale(results);
  printResults(results);
  return results.every(({ unexplained, stale }) => unexplained.length + stale.length === 0) ? 0 : 1;
}
