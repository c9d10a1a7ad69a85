#!/usr/bin/env node
// npm run docs:api: writes docs/api, the API reference, from the docstrings in the package's declarations.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { installFolder } from './install-folder.mjs';

const help = `npm run docs:api [-- --check]

Writes docs/api from the docstrings of what '.', './testing', './codecs' and './otel' export. Fails where a name or a property has no
docstring, or a docstring links to a name that is not exported. The first run installs typedoc in tools/docs.

--check  writes nothing, and fails if docs/api is not up to date`;

const { values } = parseArgs({ options: { check: { type: 'boolean' }, help: { type: 'boolean' } } });
if (values.help) {
  console.log(help);
  process.exit(0);
}
const root = fileURLToPath(new URL('..', import.meta.url));
const tools = join(root, 'tools/docs');
const work = join(root, 'build/api-docs');
const output = join(root, 'docs/api');

/** The pages, by the entries of the package, and the files of their declarations. */
const entries = [
  { page: 'etcd-naming', declarations: 'index', specifier: '@org/etcd-naming' },
  { page: 'testing', declarations: 'testing', specifier: '@org/etcd-naming/testing' },
  { page: 'codecs', declarations: 'codecs', specifier: '@org/etcd-naming/codecs' },
  { page: 'otel', declarations: 'otel', specifier: '@org/etcd-naming/otel' },
];
const introduction = `# API reference

What the entries of the package export, with the docstrings that an editor shows. \`npm run docs:api\` writes these pages.
The pages of the [index](../README.md) explain the same with examples. \`@org/etcd-naming/proto\` exports etcd's messages
and services, which the comments in [\`proto/\`](../../proto/etcd/rpc.proto) describe; see [the raw protocol](../proto.md).
`;

await installFolder(tools);
rmSync(work, { recursive: true, force: true });
mkdirSync(join(work, 'types'), { recursive: true });
run('scripts/roll-up-declarations.mjs');
for (const { page, declarations } of entries)
  writeFileSync(
    join(work, 'types', `${page}.d.ts`),
    withLinks(readFileSync(join(root, 'types', `${declarations}.d.ts`), 'utf8')),
  );
run(join(tools, 'node_modules/typedoc/bin/typedoc'), '--options', join(tools, 'typedoc.json'));
const pages = new Map(entries.map(({ page, specifier }) => [`${page}.md`, pageOf(page, specifier)]));
pages.set(
  'README.md',
  `${introduction}${entries.map(({ page, specifier }) => indexOf(page, specifier)).join('')}`,
);
if (values.check) check();
else write();

/** A docstring names the class of an error as `{ClosedError}`, which typedoc drops. */
function withLinks(declarations) {
  const exported = new Set(
    [...declarations.matchAll(/^export declare (?:abstract )?\w+ (\w+)/gm)].map(([, name]) => name),
  );
  const linked = (_, name) => (exported.has(name) ? `{@link ${name}}` : `\`${name}\``);
  return declarations.replace(/^\s*(?:\/\*\*|\*).*$/gm, (line) => line.replace(/(?<!\$)\{(\w+)\}/g, linked));
}

function pageOf(page, specifier) {
  const text = readFileSync(join(work, 'pages', `${page}.md`), 'utf8');
  return withExistingAnchors(text.replace(`# ${page}\n`, `# ${specifier}\n\n[All names](README.md)\n`));
}

/** typedoc-plugin-markdown 4.14 counts members without a heading too, and so numbers the address of a later heading. */
function withExistingAnchors(text) {
  const ids = [...text.matchAll(/<a id="([^"]+)">/g)].map(([, id]) => id);
  const anchors = new Set([...ids, ...headingsOf(text).map(({ anchor }) => anchor)]);
  return text.replace(/\]\(#([\w-]+)\)/g, (link, anchor) =>
    anchors.has(anchor) ? link : `](#${anchor.replace(/-\d+$/, '')})`,
  );
}

/** The exported names of an entry, by kind. */
function indexOf(page, specifier) {
  const kinds = [];
  for (const { level, name, anchor } of headingsOf(pages.get(`${page}.md`))) {
    if (level === 2) kinds.push({ kind: name, links: [] });
    if (level === 3) kinds.at(-1).links.push(`[\`${name}\`](${page}.md#${anchor})`);
  }
  const lists = kinds.map(({ kind, links }) => `**${kind}**: ${links.join(', ')}\n`);
  return `\n## [${specifier}](${page}.md)\n\n${lists.join('\n')}`;
}

/** The headings of a page with their addresses, as GitHub derives them. The same heading may occur several times. */
function headingsOf(text) {
  const counts = new Map();
  return [...text.matchAll(/^(#{1,6}) (.+)$/gm)].map(([, marks, heading]) => {
    const plain = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
    const base = plain.replace(/[^\w -]/g, '').replaceAll(' ', '-');
    const count = counts.get(base) ?? 0;
    counts.set(base, count + 1);
    const name = heading.replace(/\\?<.*|\(\)$/g, '').replaceAll('\\', '');
    return { level: marks.length, name, anchor: count === 0 ? base : `${base}-${count}` };
  });
}

function check() {
  const files = new Set([...pages.keys(), ...readdirSync(output)]);
  const stale = [...files].filter((file) => committed(file) !== pages.get(file));
  if (stale.length === 0) {
    console.log('docs/api is up to date');
    return;
  }
  console.error(
    `docs/api is not up to date (${stale.join(', ')}): run 'npm run docs:api' and commit what it wrote`,
  );
  process.exitCode = 1;
}

function committed(file) {
  return readdirSync(output).includes(file) ? readFileSync(join(output, file), 'utf8') : undefined;
}

function write() {
  rmSync(output, { recursive: true, force: true });
  mkdirSync(output, { recursive: true });
  for (const [file, text] of pages) {
    writeFileSync(join(output, file), text);
    console.log(`docs/api/${file}: ${text.split('\n').length} lines`);
  }
}

function run(program, ...args) {
  const { status } = spawnSync(process.execPath, [program, ...args], { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(1);
}
