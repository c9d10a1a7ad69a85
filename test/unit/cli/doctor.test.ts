import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseTargetArgument } from '#src/cli/args/target.js';
import { ok, problem, warning } from '#src/cli/doctor/finding.js';
import { checkGrpcCopies } from '#src/cli/doctor/grpc-copies.js';
import { checkName } from '#src/cli/doctor/name.js';
import { likelySpellings } from '#src/cli/doctor/neighbours.js';
import { checkProxies } from '#src/cli/doctor/proxies.js';
import { verdictOf } from '#src/cli/doctor/verdict.js';
import { inParallel } from '#src/cli/parallel.js';

describe('doctor: name', () => {
  const warnings = (input: string) =>
    checkName(parseTargetArgument(input))
      .filter(({ level }) => level === 'warning')
      .map(({ message }) => message);

  it('accepts an ordinary name without a warning', () => {
    for (const name of ['svc', 'foo/bar/my-service', 'etcd:///foo/bar'])
      assert.deepEqual(warnings(name), [], name);
  });

  it('warns about misplaced slashes, white space and control characters', () => {
    assert.match(warnings('/svc')[0] ?? '', /begins with a slash/);
    assert.match(warnings('svc/')[0] ?? '', /ends with a slash/);
    assert.match(warnings('a//b')[0] ?? '', /an empty part/);
    assert.match(warnings('svc ')[0] ?? '', /white space/);
    assert.match(warnings('s\x00vc')[0] ?? '', /control characters/);
  });

  it('suggests the target for a URL', () => {
    const [url, ...others] = checkName(parseTargetArgument('http://shop/a')).filter(
      ({ level }) => level === 'warning',
    );
    assert.deepEqual(
      [url?.message, url?.advice],
      ["'http://shop/a' is a URL", "the target would be 'shop/a'"],
    );
    assert.deepEqual(others, []);
  });

  it('distinguishes the address of an etcd from a name in the authority', () => {
    assert.match(warnings('etcd://10.0.0.1:2379/svc')[0] ?? '', /looks like the address of an etcd/);
    assert.match(warnings('etcd://foo/svc')[0] ?? '', /Go's resolver would ignore it/);
  });

  it('lists likely spellings, without the name itself', () => {
    assert.deepEqual(likelySpellings(parseTargetArgument('svc')), ['/svc', 'svc/']);
    assert.ok(likelySpellings(parseTargetArgument('//Svc/')).includes('Svc'));
    assert.ok(likelySpellings(parseTargetArgument('Svc')).includes('svc'));
    assert.ok(likelySpellings(parseTargetArgument('etcd://h/svc')).includes('svc'));
    for (const input of ['svc', '/', '//', 'a//b']) {
      const spellings = likelySpellings(parseTargetArgument(input));
      assert.ok(!spellings.includes(input) && !spellings.includes(''), input);
    }
  });
});

describe('doctor: copies of grpc-js', () => {
  let folder: string;
  before(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'etcd-naming-doctor-')));
  });
  after(() => rmSync(folder, { recursive: true }));

  it('reports nothing in a folder without grpc-js, and ok in a project that shares the copy', () => {
    assert.deepEqual(checkGrpcCopies(folder), []);
    const [finding] = checkGrpcCopies(join(import.meta.dirname, '../../../..'));
    assert.equal(finding?.level, 'ok');
  });

  it('warns about a copy that does not have the resolver', () => {
    const copy = join(folder, 'node_modules/@grpc/grpc-js');
    mkdirSync(copy, { recursive: true });
    writeFileSync(join(copy, 'package.json'), '{}');
    const [finding] = checkGrpcCopies(folder);
    assert.equal(finding?.level, 'warning');
    assert.ok(
      finding.message.includes(`load ${copy}, but the etcd resolver is registered in `),
      finding.message,
    );
    assert.match(finding.message, /Failed to parse DNS address/);
    assert.match(finding.advice ?? '', /troubleshooting/);
  });
});

describe('doctor: proxies', () => {
  const level = (env: Record<string, string>) => checkProxies('foo/svc', env)[0]?.level;

  it('warns about the variables that grpc-js reads, which are in lower case', () => {
    assert.equal(level({}), 'ok');
    assert.equal(level({ HTTP_PROXY: 'http://p' }), 'ok');
    for (const name of ['grpc_proxy', 'https_proxy', 'http_proxy'])
      assert.equal(level({ [name]: 'http://p' }), 'warning');
  });

  it('advises channelTarget(), whose options make a channel without the proxy', () => {
    const [finding] = checkProxies('foo/svc', { http_proxy: 'http://p' });
    assert.match(finding?.message ?? '', /except for a channel made with channelTarget\(\)/);
    assert.match(finding?.advice ?? '', /make channels with both results of channelTarget\('foo\/svc'\)/);
  });

  it('reports ok for a value that grpc-js ignores', () => {
    for (const value of ['https://p:1', 'socks5://p', 'p:3128', 'not a URL'])
      assert.equal(level({ https_proxy: value }), 'ok', value);
  });

  it('applies the exceptions as grpc-js does', () => {
    assert.equal(level({ http_proxy: 'http://p', no_proxy: 'localhost,' }), 'ok');
    assert.equal(level({ http_proxy: 'http://p', no_proxy: 'x,svc' }), 'ok');
    assert.equal(level({ http_proxy: 'http://p', no_grpc_proxy: 'x', no_proxy: 'svc' }), 'warning');
  });
});

describe('inParallel', () => {
  it('calls the callback for each item, within the concurrency limit', async () => {
    let [running, maxRunning] = [0, 0];
    const done: number[] = [];
    await inParallel([1, 2, 3, 4, 5, 6, 7], 3, async (item) => {
      maxRunning = Math.max(maxRunning, ++running);
      await new Promise((resolve) => setImmediate(resolve));
      done.push(item);
      running--;
    });
    assert.deepEqual(done.sort(), [1, 2, 3, 4, 5, 6, 7]);
    assert.equal(maxRunning, 3);
  });

  it('rejects with the first error', async () => {
    const fail = async (item: number) => {
      if (item === 2) throw new Error('two');
    };
    await assert.rejects(inParallel([1, 2, 3], 1, fail), /two/);
  });
});

describe('doctor: verdict', () => {
  const good = ok('name', 'the name is fine');
  const bad = problem('records', 'no key', 'register the server');
  const odd = warning('proxy', 'a proxy is set', 'use channelTarget()');

  it('begins with the first problem, and its advice comes before that of warnings', () => {
    const verdict = verdictOf('svc', [good, odd, bad]);
    assert.deepEqual(
      [verdict.resolves, verdict.level, verdict.exitCode, verdict.text],
      [false, 'problem', 4, "'svc' does not resolve: no key"],
    );
    assert.deepEqual(
      verdict.nextSteps.map(({ check }) => check),
      ['records', 'proxy'],
    );
  });

  it('has the exit code of the problem', () => {
    assert.equal(verdictOf('svc', [problem('etcd', 'away', 'start it', 3)]).exitCode, 3);
  });

  for (const [check, text] of [
    ['dial', 'resolves, but no server answers: x'],
    ['tls', 'resolves, but no server has a valid certificate: x'],
    ['health', 'resolves, but no server reports SERVING: x'],
  ] as const)
    it(`distinguishes a problem of ${check} from a name that does not resolve`, () => {
      assert.equal(verdictOf('svc', [good, problem(check, 'x')]).text, `'svc' ${text}`);
    });

  it('counts the warnings, lists the same advice once, and names the cause that no check can see', () => {
    const again = warning('proxy', 'another proxy is set', 'use channelTarget()');
    const verdict = verdictOf('svc', [good, odd, again]);
    assert.deepEqual([verdict.resolves, verdict.level, verdict.exitCode], [true, 'warning', 0]);
    assert.match(verdict.text, /^'svc' resolves, but only for channels .*, with 2 warnings$/);
    const [first, second, ...others] = verdict.nextSteps;
    assert.equal(first?.advice, 'use channelTarget()');
    assert.match(second?.advice ?? '', /registerEtcdResolver\(\)/);
    assert.deepEqual(others, []);
  });

  it('is ok without a warning', () => {
    assert.deepEqual(
      [verdictOf('svc', [good]).level, verdictOf('svc', [good]).text],
      ['ok', "'svc' resolves"],
    );
  });
});
