import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkGrpcCopies } from '#src/cli/doctor/grpc-copies.js';
import { checkName } from '#src/cli/doctor/name.js';
import { spellingsOf } from '#src/cli/doctor/neighbours.js';
import { checkProxies } from '#src/cli/doctor/proxies.js';
import { inParallel } from '#src/cli/parallel.js';
import { readTarget } from '#src/cli/target.js';

describe('the doctor’s look at a name', () => {
  const warnings = (written: string) =>
    checkName(readTarget(written))
      .filter(({ level }) => level === 'warning')
      .map(({ message }) => message);

  it('finds nothing odd in an ordinary one', () => {
    for (const name of ['svc', 'foo/bar/my-service', 'etcd:///foo/bar'])
      assert.deepEqual(warnings(name), [], name);
  });

  it('finds slashes, white space and control characters out of place', () => {
    assert.match(warnings('/svc')[0] ?? '', /begins with a slash/);
    assert.match(warnings('svc/')[0] ?? '', /ends with a slash/);
    assert.match(warnings('a//b')[0] ?? '', /an empty part/);
    assert.match(warnings('svc ')[0] ?? '', /white space/);
    assert.match(warnings('s\x00vc')[0] ?? '', /control characters/);
  });

  it('says what the target of a URL would be', () => {
    const [url, ...others] = checkName(readTarget('http://shop/a')).filter(
      ({ level }) => level === 'warning',
    );
    assert.deepEqual(
      [url?.message, url?.advice],
      ["'http://shop/a' is a URL", "the target would be 'shop/a'"],
    );
    assert.deepEqual(others, []);
  });

  it('tells an etcd’s address from a name in the authority', () => {
    assert.match(warnings('etcd://10.0.0.1:2379/svc')[0] ?? '', /looks like the address of an etcd/);
    assert.match(warnings('etcd://foo/svc')[0] ?? '', /Go's resolver would drop it/);
  });

  it('knows the slips of the pen that lead to it', () => {
    assert.deepEqual(spellingsOf(readTarget('svc')), ['/svc', 'svc/']);
    assert.ok(spellingsOf(readTarget('//Svc/')).includes('Svc'));
    assert.ok(spellingsOf(readTarget('Svc')).includes('svc'));
    assert.ok(spellingsOf(readTarget('etcd://h/svc')).includes('svc'));
    for (const written of ['svc', '/', '//', 'a//b']) {
      const spellings = spellingsOf(readTarget(written));
      assert.ok(!spellings.includes(written) && !spellings.includes(''), written);
    }
  });
});

describe('the doctor’s look at copies of grpc-js', () => {
  let folder: string;
  before(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'etcd-naming-doctor-')));
  });
  after(() => rmSync(folder, { recursive: true }));

  it('finds none where no program dials, and one in a project that shares it', () => {
    assert.deepEqual(checkGrpcCopies(folder), []);
    const [found] = checkGrpcCopies(join(import.meta.dirname, '../../../..'));
    assert.equal(found?.level, 'ok');
  });

  it('warns of one that the resolver is not registered in', () => {
    const copy = join(folder, 'node_modules/@grpc/grpc-js');
    mkdirSync(copy, { recursive: true });
    writeFileSync(join(copy, 'package.json'), '{}');
    const [found] = checkGrpcCopies(folder);
    assert.equal(found?.level, 'warning');
    assert.ok(found.message.includes(`load ${copy}, and etcd's targets are resolved in `), found.message);
    assert.match(found.message, /Failed to parse DNS address/);
    assert.match(found.advice ?? '', /troubleshooting/);
  });
});

describe('the doctor’s look at proxies', () => {
  const level = (env: Record<string, string>) => checkProxies('foo/svc', env)[0]?.level;

  it('finds those that grpc-js follows, in lower case alone', () => {
    assert.equal(level({}), 'ok');
    assert.equal(level({ HTTP_PROXY: 'http://p' }), 'ok');
    for (const name of ['grpc_proxy', 'https_proxy', 'http_proxy'])
      assert.equal(level({ [name]: 'http://p' }), 'warning');
  });

  it('names dial(), which opens a channel without one', () => {
    const [finding] = checkProxies('foo/svc', { http_proxy: 'http://p' });
    assert.match(finding?.message ?? '', /except for a channel opened with what dial\(\) gives/);
    assert.match(finding?.advice ?? '', /open channels with both parts of dial\('foo\/svc'\)/);
  });

  it('takes a value that grpc-js does not use for none', () => {
    for (const value of ['https://p:1', 'socks5://p', 'p:3128', 'not a URL'])
      assert.equal(level({ https_proxy: value }), 'ok', value);
  });

  it('heeds the exceptions as grpc-js does', () => {
    assert.equal(level({ http_proxy: 'http://p', no_proxy: 'localhost,' }), 'ok');
    assert.equal(level({ http_proxy: 'http://p', no_proxy: 'x,svc' }), 'ok');
    assert.equal(level({ http_proxy: 'http://p', no_grpc_proxy: 'x', no_proxy: 'svc' }), 'warning');
  });
});

describe('work in parallel', () => {
  it('does all of it, never more at a time than allowed', async () => {
    let [running, most] = [0, 0];
    const done: number[] = [];
    await inParallel([1, 2, 3, 4, 5, 6, 7], 3, async (item) => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setImmediate(resolve));
      done.push(item);
      running--;
    });
    assert.deepEqual(done.sort(), [1, 2, 3, 4, 5, 6, 7]);
    assert.equal(most, 3);
  });

  it('throws the first failure', async () => {
    const fail = async (item: number) => {
      if (item === 2) throw new Error('two');
    };
    await assert.rejects(inParallel([1, 2, 3], 1, fail), /two/);
  });
});
