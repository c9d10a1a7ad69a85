#!/usr/bin/env node
// Installs the packed package in a project for each test runner, bundler, framework and runtime of test/pack, and makes
// one gRPC call there to a service that is registered in a real etcd.
import { parseArgs } from 'node:util';
import { Consumers, projectNames } from './pack-consumers.mjs';

const help = `npm run pack:matrix [-- --only <project>[,<project> …]] [--tarball <file>] [--node <binary>] [--keep]

Runs the projects of test/pack that have a package.json. In each: installs the tarball with the versions that are pinned
there, runs each script whose name begins with "test", and checks that it printed the answer of its call.

--only      only these projects, by the names of their folders
--tarball   a packed package; default: packs this one
--node      the path of the Node binary that runs the tools; default: this one
--keep      keeps the installed projects, and prints their folder

Exit code 1 if one failed.`;

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true, default: [] },
    tarball: { type: 'string' },
    node: { type: 'string' },
    keep: { type: 'boolean', default: false },
    help: { type: 'boolean' },
  },
});
if (values.help) {
  console.log(help);
  process.exit(0);
}
const projects = projectNames(values.only.flatMap((names) => names.split(',')));
const consumers = new Consumers(values);
try {
  const failures = [];
  const { startEtcd } = await import('../build/src/testing/index.js');
  const etcd = await startEtcd();
  const counts = { passed: 0, failed: 0 };
  try {
    console.log(line('tool', 'version', 'check', 'result', 'seconds'));
    for (const project of projects)
      for (const row of consumers.run(project, etcd.endpoints[0])) {
        console.log(
          line(project, row.version, row.check, row.error ? 'failed' : 'ok', row.seconds.toFixed(1)),
        );
        counts[row.error ? 'failed' : 'passed']++;
        if (row.error) failures.push(`${project}, ${row.check}:\n${row.error}`);
      }
  } finally {
    await etcd.close();
  }
  for (const failure of failures) console.log(`\n${failure}`);
  console.log(`${counts.passed} passed, ${counts.failed} failed`);
  process.exitCode = counts.failed > 0 ? 1 : 0;
} finally {
  consumers.close();
}

function line(tool, version, check, result, seconds) {
  return `${tool.padEnd(16)}${version.padEnd(10)}${check.padEnd(10)}${result.padEnd(8)}${seconds.padStart(7)}`;
}
