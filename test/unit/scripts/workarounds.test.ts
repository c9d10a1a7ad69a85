import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { protoFolder } from '#src/raw/index.js';

const root = join(protoFolder(), '..');
const script = join(root, 'scripts/workarounds.mjs');
const grpcSource = join(root, 'node_modules/@grpc/grpc-js/src');

function run(folder: string): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [script, folder], { encoding: 'utf8' });
}

describe('workarounds', () => {
  it('all have a version, an issue and the condition for their removal', () => {
    const { status, stdout, stderr } = run(root);
    assert.equal(stderr, '');
    assert.equal(status, 0);
    const [, count] = /^(\d+) workarounds, 0 problems$/m.exec(stdout) ?? [];
    assert.ok(Number(count) > 40, stdout);
    const [, links] = /^(\d+) links to specifications$/m.exec(stdout) ?? [];
    assert.ok(Number(links) > 40, stdout);
  });

  it('name sources of grpc-js that exist in the installed version', () => {
    const missing: string[] = [];
    const named = [...run(root).stdout.matchAll(/^ {2}grpc-js [\d. to]+: .*?`(\w+)` of ([\w-]+\.ts)/gm)];
    for (const [, symbol = '', file = ''] of named) {
      if (!readFileSync(join(grpcSource, file), 'utf8').includes(symbol))
        missing.push(`${symbol} of ${file}`);
    }
    assert.deepEqual(missing, []);
    assert.ok(named.length > 10);
  });

  describe('in a tree', () => {
    let folder: string;

    before(() => {
      folder = mkdtempSync(join(tmpdir(), 'workarounds-'));
      mkdirSync(join(folder, 'src'));
      execFileSync('git', ['init', '--quiet'], { cwd: folder });
    });

    after(() => rmSync(folder, { recursive: true }));

    const url = 'https://github.com/nodejs/node/issues/1';
    const cases: readonly [name: string, comment: string, problem: RegExp | undefined][] = [
      [
        'with all parts',
        `Workaround (Node 20.1; ${url}): it fails. Remove when Node 20.2 is out.`,
        undefined,
      ],
      [
        'without a public issue',
        'Workaround (etcd 3.4; no public issue found, put twice): it fails. Remove when fixed.',
        undefined,
      ],
      [
        'without a version',
        `Workaround (Node; ${url}): it fails. Remove when fixed.`,
        /'Node' has no version/,
      ],
      [
        'without an issue',
        'Workaround (Node 20; see there): it fails. Remove when fixed.',
        /'see there' is neither/,
      ],
      ['without a condition', `Workaround (Node 20; ${url}): it fails.`, /lacks a part/],
      ['without the brackets', 'Workaround: it fails. Remove when fixed.', /lacks a part/],
      ['that is not marked', 'It fails (node#1234).', /node#1234 is named outside of a workaround/],
      [
        'beside a rule with its clause',
        'As in RFC 6066. Specification: https://www.rfc-editor.org/rfc/rfc6066#section-3',
        undefined,
      ],
      ['beside an RFC without a link', 'As in RFC 6066, section 3.', /RFC 6066 is named without a link/],
      ['beside a gRFC without a link', 'As in gRFC A17.', /gRFC A17 is named without a link/],
      [
        'beside a link to a branch',
        'Specification: https://github.com/grpc/grpc/blob/master/doc/naming.md',
        /leads to no fixed place/,
      ],
    ];
    for (const [name, comment, problem] of cases) {
      it(`${problem ? 'rejects' : 'accepts'} one ${name}`, () => {
        writeFileSync(
          join(folder, 'src/a.ts'),
          `/**\n * Some text.\n *\n * ${comment}\n */\nexport const a = 1;\n`,
        );
        const { status, stderr } = run(folder);
        assert.equal(status, problem ? 1 : 0);
        if (problem) assert.match(stderr, problem);
      });
    }
  });
});
