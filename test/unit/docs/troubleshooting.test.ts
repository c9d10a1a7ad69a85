import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { knownTexts } from '#src/errors/server-texts.js';
import { protoFolder } from '#src/raw/index.js';
import { tlsFailureOf } from '#src/wire/tls/failure.js';
import { pageText, sectionOf } from '../../support/pages.js';
import { textsPassed } from '../../support/source-texts.js';

const root = join(protoFolder(), '..');
const grpcFolder = dirname(createRequire(import.meta.url).resolve('@grpc/grpc-js'));
const page = pageText('docs/troubleshooting.md');

/** The text of all sources below a folder, except those of the test kit and generated ones. */
function sourceOf(folder: string): string {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !/^(gen|testing)\//.test(path))
    .map((path) => readFileSync(join(root, folder, path), 'utf8'))
    .join('\n')
    .replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
}

/** Texts with at least a few words of their own: the others consist of another text and a name. */
const withWords = (texts: readonly string[]) =>
  [...new Set(texts)].filter((text) => /[a-z]+ [a-z]+/i.test(text)).sort();

const missing = (texts: readonly string[]) => texts.filter((text) => !page.includes(text));

/** The texts whose fixed parts are not on one line of the page in their order. */
const notDescribed = (texts: readonly string[]) => texts.filter((text) => !patternOf(text).test(page));

function patternOf(text: string): RegExp {
  const parts = text.split('…').map((part) => part.trim().replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'));
  return new RegExp(parts.join('.*'));
}

describe('docs/troubleshooting.md', () => {
  it('has each text of etcd and of grpc-js in the table of errors', () => {
    assert.deepEqual(missing(knownTexts.map((text) => `\`${text}`)), []);
  });

  it('has each text of the module of errors', () => {
    const source = sourceOf('src/errors');
    const calls = /new \w+Error\(|super\(|withRequest\(|notEtcdError\(|return (?=`)/g;
    const texts = withWords(textsPassed(source, calls));
    assert.ok(texts.length > 10, texts.join('\n'));
    assert.deepEqual(notDescribed(texts), []);
  });

  it('has each text of the errors that other modules create, except those about an argument', () => {
    const calls = /new (?:Etcd|Deadline|Tls|StoreReplaced|RolledBack|Conflict)Error\(/g;
    const texts = withWords(textsPassed(sourceOf('src'), calls));
    assert.ok(texts.length > 20, texts.join('\n'));
    assert.deepEqual(notDescribed(texts), []);
  });

  it('has each text of the command’s own errors', () => {
    const texts = withWords(textsPassed(sourceOf('src/cli'), /new CliError\(/g));
    assert.ok(texts.length > 10, texts.join('\n'));
    assert.deepEqual(notDescribed(texts), []);
  });

  it('has each reason of a TlsError', () => {
    const reasons = readFileSync(join(root, 'src/errors/transport/tls-reason.ts'), 'utf8').matchAll(
      /\| '([\w-]+)'/g,
    );
    const texts = [...reasons].map(([, reason]) => `\`${reason}\``);
    assert.ok(texts.length > 5);
    assert.deepEqual(missing(texts), []);
  });

  it('has each code of a TLS failure in the row of its reason, with the text that precedes it', () => {
    const source = readFileSync(join(root, 'src/wire/tls/failure.ts'), 'utf8');
    const verified = [...source.matchAll(/^ {4}([A-Z_]+): /gm)].map(([, code = '']) => code);
    const alternatives = [...source.matchAll(/\/(?:\^ERR_SSL_|(ALERT_))\(([A-Z_|]+)\)\$\//g)].flatMap(
      ([, alert = '', codes = '']) => codes.split('|').map((code) => `ERR_SSL_${alert}${code}`),
    );
    assert.ok(verified.length > 20 && alternatives.length > 10, `${verified}, ${alternatives}`);
    const rows = (sectionOf('docs/troubleshooting.md', 'TLS to etcd fails') ?? '').split('\n');
    const unlisted = [...verified, ...alternatives]
      .flatMap((code) => [false, true].map((offered) => ({ code, offered })))
      .filter(({ code, offered }) => {
        const { reason, text } = tlsFailureOf(Object.assign(new Error('…'), { code }), offered)!;
        const said = `\`${text.replace(/ \(.*/, ' (…)')}\``;
        const shown = code.includes('ALERT_') ? `\`${code.replace(/^ERR_SSL_/, '')}\`` : `\`${code}: `;
        return !rows.some((row) => [`| \`${reason}\` |`, said, shown].every((part) => row.includes(part)));
      });
    assert.deepEqual(unlisted, []);
  });

  it('has texts of grpc-js that the installed grpc-js contains', () => {
    const section = sectionOf('docs/troubleshooting.md', 'Calls to a service fail') ?? '';
    const cells = [...section.matchAll(/^\| (.*?) \|/gm)].map(([, cell = '']) => cell);
    const texts = cells.flatMap((cell) => [...cell.matchAll(/`(?:14 UNAVAILABLE: )?([A-Z][^`]+)`/g)]);
    // Node's own text.
    const ofGrpc = texts.map(([, text = '']) => text).filter((text) => !text.startsWith('Hostname/IP'));
    const source = readdirSync(grpcFolder)
      .filter((name) => name.endsWith('.js'))
      .map((name) => readFileSync(join(grpcFolder, name), 'utf8'))
      .join('\n');
    assert.ok(ofGrpc.length > 8);
    const unknown = ofGrpc.filter((text) => !source.includes(text.split('…')[0]?.trim() ?? text));
    assert.deepEqual(unknown, []);
  });

  it('has the code of each process warning', () => {
    const codes = sourceOf('src').matchAll(/'(ETCD_(?:NAMING|TLS)_\w+)'/g);
    const texts = [...new Set([...codes].map(([, code]) => `\`${code}\``))];
    assert.ok(texts.length > 4);
    assert.deepEqual(missing(texts), []);
  });
});
