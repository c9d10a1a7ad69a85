#!/usr/bin/env node
// npm run test:matrix: the integration suite on each available minor version of etcd.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { findCached } from '../build/src/testing/binary/cache.js';
import { locateEtcd } from '../build/src/testing/index.js';
import { findRelease, recommendedReleases } from '../build/test/support/releases.js';
import { exitOnSignals, isJobs, jobsFor, runFiles, testFiles } from './suite.mjs';

const help = `npm run test:matrix [-- options] [-- mocha options]

  --fault            also run the fault suite
  --only <version>   only minor versions with this prefix, e.g. 3.6; repeatable
  --jobs <n>         run the test files in n Mocha processes at once, as npm test does
  --fetch            download missing versions from etcd's releases into the cache
  --build            build missing versions from Go modules (npm run etcd:build); needs a Go toolchain

Each minor version is taken from ETCD_BIN, PATH or the cache, or as the official image if a Docker engine can pull it. A
missing version is printed and skipped. Exit code 1 when a test failed, or when nothing was run.`;

const { values, positionals } = parseArgs({
  options: {
    fault: { type: 'boolean' },
    only: { type: 'string', multiple: true, default: [] },
    jobs: { type: 'string' },
    fetch: { type: 'boolean' },
    build: { type: 'boolean' },
    help: { type: 'boolean' },
  },
  allowPositionals: true,
});
if (values.help) {
  console.log(help);
  process.exit(0);
}
if (!isJobs(values.jobs)) {
  console.error(`--jobs must be a number from 1, not '${values.jobs}'`);
  process.exit(2);
}
exitOnSignals();
const scratch = mkdtempSync(join(tmpdir(), 'etcd-naming-matrix-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));
const suites = values.fault ? ['integration', 'fault'] : ['integration'];
const wanted = Object.entries(recommendedReleases).filter(
  ([line]) => values.only.length === 0 || values.only.some((only) => only.startsWith(line)),
);
const results = [];
for (const [line, release] of wanted) {
  const found = await find(line, release);
  if (found.env) for (const suite of suites) results.push(await run(suite, found));
  else results.push({ line, skipped: found.why });
}
console.log('\netcd');
for (const one of results) console.log(`  ${describe(one)}`);
const ran = results.filter(({ counts }) => counts);
process.exit(ran.length > 0 && ran.every(({ ok }) => ok) ? 0 : 1);

/** How to run a release of the minor version, as environment variables for the tests, or why that is not possible. */
async function find(line, release) {
  const why = [];
  const local = await findRelease(line);
  const fetched = local ?? (values.fetch ? await fetchRelease(line, release, why) : undefined);
  const found = fetched ?? (values.build ? await built(line, release, why) : undefined);
  if (found) {
    return {
      line,
      version: found.version,
      from: found.etcd,
      env: { ETCD_BIN: found.etcd, ETCD_TEST_SOURCE: 'binary' },
    };
  }
  why.unshift('no binary in ETCD_BIN, on PATH or in the cache');
  const image = `quay.io/coreos/etcd:v${release}`;
  if (!docker('version')) why.push('no Docker engine is running');
  else if (docker('image', 'inspect', image) || docker('pull', '--quiet', image)) {
    return {
      line,
      version: release,
      from: image,
      env: { ETCD_TEST_SOURCE: 'docker', ETCD_TEST_IMAGE: image },
    };
  } else why.push(`${image} could not be pulled`);
  if (!values.fetch) why.push('--fetch downloads it');
  if (!values.build && line !== '3.4') why.push('--build builds it, with a Go toolchain');
  return { line, why: why.join('; ') };
}

/** The release archive. A distribution's packages, which the kit tries next, may be of another minor version. */
async function fetchRelease(line, release, why) {
  try {
    const binary = await locateEtcd({ version: release, onProgress: console.log });
    if (binary.version.startsWith(`${line}.`)) return binary;
    why.push(`only ${binary.version} could be fetched`);
  } catch (error) {
    why.push(error.message);
  }
  return undefined;
}

async function built(line, release, why) {
  if (line === '3.4') {
    why.push('3.4 cannot be built from Go modules; Debian 12 has it as etcd-server');
    return undefined;
  }
  const script = fileURLToPath(new URL('etcd-build.mjs', import.meta.url));
  if (spawnSync(process.execPath, [script, release], { stdio: 'inherit' }).status !== 0)
    why.push('the build failed');
  return findCached(release);
}

async function run(suite, { line, version, from, env }) {
  console.log(`\n=== etcd ${version} (${from}), suite ${suite}`);
  const { failures, ...counts } = await runFiles(testFiles(suite), {
    jobs: Number(values.jobs ?? jobsFor(suite, positionals)),
    options: positionals,
    env,
    scratch,
    write: (text) => process.stdout.write(text),
  });
  for (const { name, text } of failures) console.log(`\nFAILED: ${name}\n${text}`);
  return { line, version, suite, counts, ok: counts.failed === 0 };
}

function describe({ line, version, suite, counts, ok, skipped }) {
  if (!counts) return `${line}.x   skipped: ${skipped}`;
  const { passed, failed, skipped: left } = counts;
  return `${version.padEnd(7)} ${suite}: ${passed} passed, ${failed} failed, ${left} skipped${ok ? '' : '  FAILED'}`;
}

function docker(...args) {
  return spawnSync('docker', args, { stdio: 'ignore', timeout: 120_000 }).status === 0;
}
