#!/usr/bin/env node
// npm run proof: writes the figures of the campaigns, which are in docs/proof, into the page docs/proof.md.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { campaigns } from './proof/campaigns.mjs';
import { campaignsOf, renderPage } from './proof/page.mjs';

const help = `npm run proof [-- --check]

Writes the figures of docs/proof/*.json, which the campaigns write with --record, between the markers of docs/proof.md.
The other text of the page remains.

  --check   changes nothing; fails if the page is out of date, if a campaign on it is not recorded, if its last run
            failed, or if a record is not on the page

Exit code 0: the page was written, or the check found nothing. 1: it found something, which is printed, or a marker of
the page is wrong. 2: a wrong option.`;

const root = fileURLToPath(new URL('..', import.meta.url));
const page = join(root, 'docs/proof.md');
const folder = join(root, 'docs/proof');

process.exitCode = main(readOptions());

function readOptions() {
  try {
    return parseArgs({ options: { check: { type: 'boolean' }, help: { type: 'boolean' } } }).values;
  } catch (error) {
    console.error(`${error.message}\n\n${help}`);
    return undefined;
  }
}

function main(options) {
  if (options === undefined) return 2;
  if (options.help) {
    console.log(help);
    return 0;
  }
  const text = readFileSync(page, 'utf8');
  const records = readRecords();
  const rendered = renderPage(text, records, campaigns);
  if (options.check) return report(findProblems(text, rendered, records));
  writeFileSync(page, rendered);
  const missing = campaignsOf(text).filter((name) => !(name in records));
  console.log(`docs/proof.md has the figures of ${Object.keys(records).length} campaigns`);
  if (missing.length > 0) console.log(`not recorded yet: ${missing.join(', ')}`);
  return 0;
}

function readRecords() {
  const files = existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith('.json')) : [];
  return Object.fromEntries(
    files.map((file) => [basename(file, '.json'), JSON.parse(readFileSync(join(folder, file), 'utf8'))]),
  );
}

function findProblems(text, rendered, records) {
  const onPage = campaignsOf(text);
  const shown = campaignsOf(text, 'figures');
  return [
    ...(text === rendered ? [] : ['docs/proof.md is out of date: run npm run proof']),
    ...onPage
      .filter((name) => !(name in records))
      .map((name) => `${name} is not recorded: npm run ${recordingCommand(campaigns[name])}`),
    ...Object.keys(records)
      .filter((name) => !shown.includes(name))
      .map((name) => `docs/proof/${name}.json is not on the page`),
    ...onPage
      .filter((name) => records[name]?.passed === false)
      .map((name) => `the last run of ${name} failed: ${records[name].command}`),
  ];
}

function recordingCommand(command) {
  return `${command}${command.includes(' -- ') ? '' : ' --'} --record`;
}

function report(problems) {
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) return 1;
  console.log('docs/proof.md has the figures of the last runs');
  return 0;
}
