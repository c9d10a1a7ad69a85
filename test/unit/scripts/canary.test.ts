import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { protoFolder } from '#src/raw/index.js';
import { canary, registerSecret, secretOf, secretsInUse } from '../../support/canary.js';

const project = join(protoFolder(), '..');

describe('the search for secrets in test output', () => {
  let folder: string;
  const secret = `${canary}-of-this-test`;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'canary-'));
  });

  after(() => rmSync(folder, { recursive: true }));

  function search(secrets: readonly string[], output: string) {
    const files = [join(folder, 'secrets'), join(folder, 'output')] as const;
    writeFileSync(files[0], secrets.map((one) => `${JSON.stringify(one)}\n`).join(''));
    writeFileSync(files[1], output);
    const { status, stdout } = spawnSync(process.execPath, [join(project, 'scripts/canary.mjs'), ...files], {
      encoding: 'utf8',
    });
    return { status, stdout };
  }

  it('reports the number of secrets and that none was found', () => {
    const { status, stdout } = search([secret, 'another'], 'nothing here');
    assert.equal(stdout, 'canary: 2 secrets, 0 seen in 0.00 MB of output\n');
    assert.equal(status, 0);
  });

  const shown: Readonly<Record<string, string>> = {
    plain: `error: wrong password ${secret}!`,
    'in JSON': JSON.stringify({ password: secret }),
    'in base64': Buffer.from(`root:${secret}@`).toString('base64'),
    'in base64, one byte further': Buffer.from(`user:${secret}@@`).toString('base64').slice(4),
    'in base64, two bytes further': Buffer.from(`12:${secret}@@@`).toString('base64'),
    'in hexadecimal': Buffer.from(`x${secret}y`).toString('hex'),
    'as Node prints a Buffer': inspect({ password: Buffer.from(secret) }),
  };
  for (const [how, output] of Object.entries(shown)) {
    it(`fails with one line that does not contain the secret when the output has one ${how}`, () => {
      const { status, stdout } = search(['another', secret], `before\n${output}\nafter`);
      assert.equal(status, 1);
      assert.match(stdout, /^FAILED: canary: 2 secrets, 1 seen in 0\.00 MB of output: .*\n$/);
      assert.equal(stdout.includes(secret), false);
    });
  }

  it('finds a private key by any of its lines', () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const before = new Set(secretsInUse());
    registerSecret(pem);
    registerSecret(pem);
    const added = secretsInUse().filter((one) => !before.has(one));
    assert.ok(added.length >= 2, `${added.length} lines`);
    assert.ok(added.every((line) => pem.includes(line) && !line.includes('PRIVATE')));
    assert.equal(search(added, pem.split('\n')[2] ?? '').status, 1);
  });

  it('finds a token by any of its lines, with any line end', () => {
    const [first, second] = [`${canary}-first-line`, `${canary}-second-line`];
    const before = new Set(secretsInUse());
    registerSecret(`${first}\r\n${second}\n`);
    const added = secretsInUse().filter((one) => !before.has(one));
    assert.deepEqual(added, [first, second]);
    for (const output of [JSON.stringify(`${first}\n`), inspect(`\n${second}`), `${first}\n${second}`])
      assert.equal(search(added, output).status, 1, 'it was not found');
  });

  it('covers all passwords: no test file contains a literal one', () => {
    assert.equal(secretOf('a name'), `${canary}-a-name`);
    const files = readdirSync(join(project, 'test'), { recursive: true, encoding: 'utf8' });
    const literal = /password: *['"`]/;
    const careless = files
      .filter((file) => file.endsWith('.ts') && !/\bnode_modules\b/.test(file))
      .filter((file) => literal.test(readFileSync(join(project, 'test', file), 'utf8')));
    assert.deepEqual(careless, []);
  });
});
