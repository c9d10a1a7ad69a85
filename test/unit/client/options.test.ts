import assert from 'node:assert/strict';
import { EtcdClient, type EtcdClientOptions } from '#src/client/index.js';
import { resolveOptions } from '#src/client/options.js';
import { InvalidInputError } from '#src/errors/index.js';

const endpoints = ['127.0.0.1:1'];

function refuses(options: unknown, named: RegExp): void {
  assert.throws(
    () => new EtcdClient(options as EtcdClientOptions),
    (error: Error) => {
      assert.ok(error instanceof InvalidInputError, `${error.name}: ${error.message}`);
      assert.match(error.message, named);
      return true;
    },
  );
}

describe('client options', () => {
  it('have defaults that limit every duration and every size', () => {
    const { transport, maxTxnOps } = resolveOptions({ endpoints });
    assert.equal(maxTxnOps, 128);
    assert.equal(transport.maxRequestBytes, 1.5 * 1024 * 1024);
    const limits = Object.entries(transport).filter(([name]) => /(Ms|Bytes)$/.test(name));
    assert.ok(limits.length >= 7, `only ${limits.map(([name]) => name).join(', ')}`);
    for (const [name, value] of limits)
      assert.ok(typeof value === 'number' && value > 0 && Number.isFinite(value), `${name}: ${value}`);
    assert.equal(
      transport.timeoutMs,
      10_000,
      "above etcd's own limit of 7 s, so that callers see etcd's error",
    );
    assert.ok(transport.keepaliveTimeMs >= 10_000);
    assert.ok(transport.maxReconnectDelayMs <= 5_000);
  });

  it('leave a limit of 0 to etcd', () => {
    const { transport, maxTxnOps } = resolveOptions({ endpoints, maxRequestBytes: 0, maxTxnOps: 0 });
    assert.equal(transport.maxRequestBytes, 0);
    assert.equal(maxTxnOps, 0);
  });

  const bad: readonly (readonly [Partial<Record<keyof EtcdClientOptions, unknown>>, RegExp])[] = [
    [{ endpoints: [] }, /endpoints is empty/],
    [{ endpoints: ['ftp://x:1'] }, /unknown scheme 'ftp'/],
    [{ timeoutMs: 0 }, /timeoutMs is 0/],
    [{ timeoutMs: Number.NaN }, /timeoutMs is NaN/],
    [{ timeoutMs: '5s' }, /timeoutMs is '5s' \(string\)/],
    [{ connectTimeoutMs: -1 }, /connectTimeoutMs is -1/],
    [{ keepaliveTimeMs: 1_000 }, /keepaliveTimeMs is 1000; it must be a number of at least 5000/],
    [{ keepaliveTimeoutMs: 0 }, /keepaliveTimeoutMs is 0/],
    [{ maxReconnectDelayMs: 1 }, /maxReconnectDelayMs is 1/],
    [{ maxReceiveBytes: 0 }, /maxReceiveBytes is 0/],
    [{ maxRequestBytes: -1 }, /maxRequestBytes is -1/],
    [{ maxTxnOps: -1 }, /maxTxnOps is -1/],
    [{ name: '' }, /: name is empty$/],
    [{ name: 'n'.repeat(201) }, /: name has 201 characters, more than 200$/],
    [{ name: 5 }, /name is 5 \(number\); it must be a string/],
    [{ logger: { info() {} } }, /logger is .*it must be a function/],
    [
      { metrics: { histogram: true } },
      /unknown option 'metrics\.histogram'; did you mean 'metrics\.histograms'\?/,
    ],
    [{ metrics: true }, /metrics is true \(boolean\); it must be an object/],
    [{ tls: { cert: 'x' }, endpoints: ['https://a:1'] }, /tls\.key is missing beside tls\.cert/],
    [{ tls: {}, endpoints: ['http://a:1'] }, /tls is given, but the endpoints use http/],
  ];
  for (const [options, named] of bad) {
    it(`${JSON.stringify(options, (_, value) => (Number.isNaN(value) ? 'NaN' : value))} are rejected, and the error names them`, () => {
      refuses({ endpoints, ...options }, named);
    });
  }

  it('without endpoints, or with a string instead of a list, are rejected, and the error names them', () => {
    refuses({}, /endpoints/);
    refuses({ endpoints: '127.0.0.1:2379' }, /endpoints/);
    refuses({ endpoints: [2379] }, /endpoint/);
  });
});

describe('a client that was never used', () => {
  it('can be closed twice, and calls each onClose callback once, also one added later', async () => {
    const client = new EtcdClient({ endpoints });
    let calls = 0;
    client.onClose(() => calls++);
    const release = client.onClose(() => assert.fail('was released'));
    release();
    assert.equal(client.closed, false);
    await client.close();
    await client.close();
    await client[Symbol.asyncDispose]();
    assert.equal(client.closed, true);
    assert.equal(calls, 1);
    client.onClose(() => calls++);
    assert.equal(calls, 2);
  });
});
