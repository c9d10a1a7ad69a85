import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as grpc from '@grpc/grpc-js';
import * as codecs from '#src/codecs/index.js';
import * as naming from '#src/index.js';
import * as otel from '#src/otel/index.js';
import { protoFolder } from '#src/raw/index.js';
import * as testing from '#src/testing/index.js';
import { compileSnippets, type Snippet } from '../../support/snippets.js';

const root = join(protoFolder(), '..');

/** The functions and classes of the package that its users need first. */
const mostUsed = [
  'EtcdClient',
  'fromEnv',
  'get',
  'range',
  'stream',
  'put',
  'delete',
  'txn',
  'grant',
  'hold',
  'watch',
  'mirror',
  'status',
  'namespace',
  'register',
  'registerServer',
  'registerEtcdResolver',
  'channelTarget',
  'EndpointManager',
  'EndpointPicker',
  'ServiceDirectory',
  'startEtcd',
  'startEtcdCluster',
];

interface Example {
  readonly file: string;
  /** The name that the docstring is of. */
  readonly of: string;
  readonly code: string;
}

/** A docstring that has an example, and the line of code below it. */
const documented = /\/\*\*((?:(?!\*\/).)*?@example.*?)\*\/\n\s*([^\n]+)/gs;

function examplesIn(file: string): readonly Example[] {
  return [...readFileSync(join(root, file), 'utf8').matchAll(documented)].map(
    ([, text = '', declaration = '']) => {
      const code = text
        .split('@example')[1]
        ?.replaceAll(/^ *\* ?/gm, '')
        .match(/```ts\n(.*?)```/s)?.[1];
      assert.ok(code, `${file}: an example that is not a block of ts, above '${declaration}'`);
      const of = declaration.replace(
        /^(?:export|declare|static|async|abstract|function|class|const|\s)+/,
        '',
      );
      return { file, of: of.match(/^\w+/)?.[0] ?? '', code };
    },
  );
}

const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => `src/${file.replaceAll('\\', '/')}`);
const examples = sources.flatMap(examplesIn);

/** The example as a program: it imports what it names, and has an etcd client and a gRPC server. */
function toProgram(code: string): string {
  const ours = importOf(naming, '@org/etcd-naming', `${code} EtcdClient`);
  const kit = importOf(testing, '@org/etcd-naming/testing', code);
  const formats = importOf(codecs, '@org/etcd-naming/codecs', code);
  const observed = importOf(otel, '@org/etcd-naming/otel', code);
  const theirs = importOf(grpc, '@grpc/grpc-js', `${code} Server`);
  const given = 'declare const client: EtcdClient, server: Server;';
  return [ours, kit, formats, observed, theirs, given, 'export async function example() {', code, '}'].join(
    '\n',
  );
}

function importOf(entry: object, specifier: string, code: string): string {
  const named = Object.keys(entry).filter((name) => new RegExp(`(?<![.\\w])${name}\\b`).test(code));
  return named.length > 0 ? `import { ${named.join(', ')} } from '${specifier}';` : '';
}

describe('the examples in docstrings', () => {
  it('compile, each with what it names', function () {
    this.timeout(120_000);
    const snippets = examples.map(
      ({ file, of, code }, i): Snippet => ({
        page: file,
        name: `${of}-${i}`,
        language: 'ts',
        mode: 'compiled',
        code: toProgram(code),
        output: undefined,
      }),
    );
    rmSync(compileSnippets(snippets), { recursive: true, force: true });
  });

  for (const name of mostUsed)
    it(`show how to use ${name}`, () => {
      assert.ok(examples.some(({ of }) => of === name));
    });
});
