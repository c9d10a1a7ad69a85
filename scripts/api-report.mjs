#!/usr/bin/env node
// npm run api: writes the API report of each entry to api/, and fails where a name has no docstring or is used without
// being exported. With --check it also fails where a report is not up to date.
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { entries, extractReport, generated, root } from './extract-api.mjs';

const isCheck = process.argv.includes('--check');
mkdirSync(join(root, 'api'), { recursive: true });
let failures = 0;
for (const [entry, file] of Object.entries(entries)) report(entry, file);
process.exitCode = failures > 0 ? 1 : 0;

function report(entry, file) {
  const reportFileName = `${entry}.api.md`;
  const { result, texts } = extractReport(entry, join(root, file), !isCheck);
  if (result.apiReportChanged && isCheck) {
    failures++;
    console.error(`api/${reportFileName} is not up to date: run 'npm run api' and commit what it wrote`);
  }
  for (const text of texts) console.error(`${entry}: ${text}`);
  failures += texts.length;
  const text = readFileSync(join(root, 'api', reportFileName), 'utf8');
  const undocumented = text.split('(undocumented)').length - 1;
  console.log(
    `api/${reportFileName}: ${text.split('\n').length} lines, ${undocumented} names without a docstring`,
  );
  if (undocumented > 0 && !generated.includes(entry)) failures++;
}
