// Installs and runs StrykerJS.
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installFolder } from '../../scripts/install-folder.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../..');

/** A command that this needs has failed, and has printed why. */
export class NoResultError extends Error {}

/** Installs StrykerJS if it is missing or another lockfile's. */
export async function install() {
  await installFolder(here).catch((error) => {
    throw new NoResultError(error.message);
  });
}

/**
 * Mutates the sources in a copy of the project, and runs the compiled tests against each mutant. Returns the report by
 * source file.
 */
export async function mutate(patterns, tests, { output, concurrency }) {
  mkdirSync(output, { recursive: true });
  const [configuration, report] = ['stryker.json', 'report.json'].map((name) => join(output, name));
  writeFileSync(configuration, JSON.stringify(optionsOf(patterns, tests, { report, concurrency }), null, 2));
  const program = join(here, 'node_modules/@stryker-mutator/core/bin/stryker.js');
  await run(process.execPath, [program, 'run', configuration], root);
  return JSON.parse(readFileSync(report, 'utf8')).files;
}

function optionsOf(mutate, spec, { report, concurrency }) {
  return {
    testRunner: 'mocha',
    mutate,
    buildCommand: 'npm run build',
    // StrykerJS 9.6.1 reads a tsconfig through TypeScript's API, which TypeScript 7 lacks. This names no file.
    tsconfigFile: 'none.json',
    disableTypeChecks: true,
    coverageAnalysis: 'perTest',
    ignorePatterns: ['/dist', '/build', '/tools'],
    tempDirName: 'build/mutants/sandbox',
    dryRunTimeoutMinutes: 30,
    timeoutFactor: 3,
    concurrency,
    // Below 'error', StrykerJS reports each compiled test as unknown to it.
    logLevel: 'error',
    reporters: ['progress-append-only', 'json'],
    jsonReporter: { fileName: report },
    mochaOptions: { spec, config: '.mocharc.json' },
  };
}

function run(command, args, cwd) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, stdio: 'inherit', shell: process.platform === 'win32' });
    const stop = () => child.kill();
    process.once('SIGTERM', stop);
    child.once('error', reject);
    child.once('close', (code, signal) => {
      process.off('SIGTERM', stop);
      if (code === 0) resolve();
      else reject(new NoResultError(`no result: ${command} ended with ${code ?? signal}`));
    });
  });
}
