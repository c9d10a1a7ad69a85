#!/usr/bin/env node
// npm run workarounds: lists the workarounds for defects and gaps of what this package builds on, and fails if one lacks
// the version, the public issue or the condition for its removal. Also counts the links from rules to their
// specifications, and fails if an RFC or a gRFC is named without one, or if a link leads to a moving target.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = process.argv[2] ?? join(fileURLToPath(import.meta.url), '../..');
const form =
  'Workaround (NAME VERSION; ISSUE or "no public issue found, WHERE"): WHAT. Remove when CONDITION.';

const searched = /^(?:src|test|scripts|bench|examples|tools)\/.*\.(?:ts|mjs|cjs|js)$/;
const commentLine = /^\s*(?:\/\/|\/\*\*|\*(?!\/))\s?(.*?)(?:\s*\*\/)?$/;
const workaround = /^Workaround \((?<of>[^;]+); (?<where>.+?)\): (?<what>.+) Remove when (?<condition>.+)\.$/;
const version = /^[@a-zA-Z][\w@/. -]*? (?:before )?\d/;
const issue = /^https:\/\/\S+|^no public issue(?: of \w+)? found(?: for this cause)?, \S/;
/** A reference to an issue that belongs into a workaround's brackets. */
const looseReference =
  /\b(?:grpc-node|etcd|node|libuv)#\d+|github\.com\/[\w.-]+\/[\w.-]+\/(?:issues|pull)\/\d+/;

/** Sources and documents at a tag or commit, by line or section; gRFCs have no tags. */
const specification =
  /^https:\/\/(?:github\.com\/[\w-]+\/[\w-]+\/blob\/(?:(?:go|v)\d[\w.]*|[\da-f]{40})\/\S+|github\.com\/grpc\/proposal\/blob\/master\/A\d\S+|www\.rfc-editor\.org\/rfc\/rfc\d+#\S+|protobuf\.dev\/\S+#\S+)$/;

let count = 0;
let links = 0;
const problems = [];
for (const file of trackedFiles()) {
  const paragraphs = paragraphsOf(file);
  for (const paragraph of paragraphs) check(file, paragraph);
  if (file.startsWith('src/')) checkSpecifications(file, paragraphs.map(({ text }) => text).join(' '));
}
for (const problem of problems) console.error(problem);
if (problems.length > 0) console.error(`\nThe form is: ${form}`);
console.log(`${links} links to specifications`);
console.log(`${count} workarounds, ${problems.length} problems`);
process.exitCode = problems.length > 0 ? 1 : 0;

function trackedFiles() {
  const files = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  }).split('\0');
  return files.filter(
    (file) => searched.test(file) && !/^src\/gen\/|workarounds\.(?:test\.ts|mjs)$/.test(file),
  );
}

/** The paragraphs of a file's comments, each as one line of text. */
function paragraphsOf(file) {
  const paragraphs = [];
  let open;
  for (const [index, line] of readFileSync(join(root, file), 'utf8').split('\n').entries()) {
    const text = commentLine.exec(line)?.[1]?.trim();
    if (!text) open = undefined;
    else if (open && !text.startsWith('Workaround')) open.text += ` ${text}`;
    else {
      open = { line: index + 1, text };
      paragraphs.push(open);
    }
  }
  return paragraphs;
}

function check(file, { line, text }) {
  const place = `${file}:${line}`;
  if (!text.startsWith('Workaround')) {
    const isShared = file.startsWith('test/');
    const reference = looseReference.exec(text)?.[0];
    if (reference && !isShared) problems.push(`${place}: ${reference} is named outside of a workaround`);
    return;
  }
  count++;
  const found = workaround.exec(text)?.groups;
  if (!found) problems.push(`${place}: it lacks a part of the form`);
  else if (!version.test(found.of)) problems.push(`${place}: '${found.of}' has no version`);
  else if (!issue.test(found.where))
    problems.push(`${place}: '${found.where}' is neither an issue nor the lack of one`);
  else console.log(`${place}\n  ${found.of}: ${found.where}\n  until ${found.condition}`);
}

function checkSpecifications(file, comments) {
  const urls = [...comments.matchAll(/Specification: (\S+)/g)].map(([, url]) => url);
  links += urls.length;
  for (const url of urls)
    if (!specification.test(url)) problems.push(`${file}: ${url} leads to no fixed place of a specification`);
  for (const [name, number] of comments.matchAll(/\bRFC (\d{3,})/g))
    if (!urls.some((url) => url.includes(`rfc${number}#`)))
      problems.push(`${file}: ${name} is named without a link`);
  for (const [name, number] of comments.matchAll(/\bgRFC (A\d+)/g))
    if (!urls.some((url) => url.includes(`/${number}-`)))
      problems.push(`${file}: ${name} is named without a link`);
}
