#!/usr/bin/env node
// Writes types/, the declarations that the package contains: one file for each entry, with what the entry exports and
// nothing internal. `tsc -b src` must have run.
//
// The package's `types` name these files, which only prepack writes. Within the repository nothing reads them: the
// tests and examples resolve the entries by `paths`, so that a build needs no second step, and tsc's own declarations
// stay beside the JavaScript in build/src, where the project references look for them.
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { entries, extract, root } from './extract-api.mjs';

const folder = join(root, 'types');
/** A module whose code is in dist, and the declarations that replace an import of its types. */
const inlined = { '@bufbuild/protobuf/wire': [join(root, 'scripts/declarations/protobuf-wire.d.ts')] };
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder);
const problems = Object.entries(entries).flatMap(([entry, file]) => rollUp(entry, file));
problems.push(...classesInSeveral(Object.keys(entries)));
for (const problem of problems) console.error(problem);
process.exitCode = problems.length > 0 ? 1 : 0;

function rollUp(entry, file) {
  const rolledUp = fileOf(entry);
  const dtsRollup = { enabled: true, publicTrimmedFilePath: rolledUp, omitTrimmingComments: true };
  const { texts } = extract(entry, join(root, file), { dtsRollup }, true, inlined);
  return texts.map((text) => `${entry}: ${text}`);
}

/** A class with private members, declared in two files, is two types: a value of one entry does not fit the other. */
function classesInSeveral(names) {
  const declaredIn = new Map();
  for (const name of names)
    for (const [, declared] of readFileSync(fileOf(name), 'utf8').matchAll(
      /^(?:export )?declare (?:abstract )?class (\w+)/gm,
    ))
      declaredIn.set(declared, [...(declaredIn.get(declared) ?? []), name]);
  return [...declaredIn]
    .filter(([, files]) => files.length > 1)
    .map(([declared, files]) => `the class ${declared} is declared in ${files.join(' and ')}`);
}

function fileOf(entry) {
  return join(folder, `${entry}.d.ts`);
}
