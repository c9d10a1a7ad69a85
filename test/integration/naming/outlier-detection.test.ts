import assert from 'node:assert/strict';
import { status } from '@grpc/grpc-js';
import { InvalidInputError } from '#src/errors/index.js';
import { type OutlierDetectionOptions, registerEtcdResolver } from '#src/naming/grpc/index.js';
import { type JsonValue, NamingError } from '#src/naming/index.js';
import { eventually } from '../../support/eventually.js';
import type { Caller } from '../../support/naming/caller.js';
import type { NamedServer } from '../../support/naming/servers.js';
import { useService } from '../../support/naming/service.js';

/** Short times, so that a test sees several checks. */
const quick: OutlierDetectionOptions = {
  intervalMs: 200,
  baseEjectionTimeMs: 1_000,
  failurePercentageEjection: { requestVolume: 5 },
};

describe('outlier detection', () => {
  const { opened, client, service, put, dial } = useService('outlier');

  async function servers(metadata: Readonly<Record<string, JsonValue>>): Promise<NamedServer[]> {
    const started = await opened().servers(...Object.keys(metadata));
    await Promise.all(started.map((server) => put(server, metadata[server.name] ?? null)));
    return started;
  }

  /** The answers of 60 calls by server; failed calls by the server's text. */
  async function shares(caller: Caller): Promise<Record<string, number>> {
    const found: Record<string, number> = {};
    const calls = Array.from({ length: 60 }, () =>
      caller.call().catch((error: { code: number; details: string }) => {
        assert.equal(error.code, status.INTERNAL, error.details);
        return error.details;
      }),
    );
    for (const name of await Promise.all(calls)) found[name] = (found[name] ?? 0) + 1;
    return found;
  }

  const untilShares = (caller: Caller, wanted: Readonly<Record<string, number>>) =>
    eventually(`the shares are ${JSON.stringify(wanted)}`, async () => {
      const found = await shares(caller);
      return Object.keys(found).length === Object.keys(wanted).length &&
        Object.entries(wanted).every(([name, calls]) => Math.abs((found[name] ?? 0) - calls) <= 1)
        ? found
        : undefined;
    });

  for (const [policy, options] of [
    ['round_robin', {}],
    ['the weighted policy', { balance: {} }],
  ] as const)
    it(`with ${policy} ejects a server that fails its calls, and takes it back when it no longer does`, async () => {
      const [a] = await servers({ a: null, b: null, c: null });
      const caller = dial({ ...options, outlierDetection: quick });
      await untilShares(caller, { a: 20, b: 20, c: 20 });
      a!.fails = true;
      await untilShares(caller, { b: 30, c: 30 });
      a!.fails = false;
      await untilShares(caller, { a: 20, b: 20, c: 20 });
    });

  it('is that of a service config which names it, in the form of grpc-js', async () => {
    const [a] = await servers({ a: { weight: 1 }, b: { weight: 1 }, c: { weight: 4 } });
    opened().add(registerEtcdResolver(client()), (one) => one[Symbol.dispose]());
    const policy = {
      interval: { seconds: 0, nanos: 2e8 },
      failure_percentage_ejection: { minimum_hosts: 3, request_volume: 5 },
      child_policy: [{ etcd_weighted: {} }],
    };
    const caller = opened().caller(`etcd:///${service()}`, {
      'grpc.service_config': JSON.stringify({ loadBalancingConfig: [{ outlier_detection: policy }] }),
    });
    await untilShares(caller, { a: 10, b: 10, c: 40 });
    a!.fails = true;
    await untilShares(caller, { b: 12, c: 48 });
  });

  it('is off by default', async () => {
    const [a] = await servers({ a: null, b: null, c: null });
    const caller = dial({ balance: {} });
    await untilShares(caller, { a: 20, b: 20, c: 20 });
    a!.fails = true;
    const end = performance.now() + 1_000;
    while (performance.now() < end) assert.equal((await shares(caller))['a fails'], 20);
  });

  it('counts the calls of each server by weight, and keeps the weights of the others', async () => {
    const [a] = await servers({ a: { weight: 1 }, b: { weight: 1 }, c: { weight: 4 } });
    const caller = dial({ balance: {}, outlierDetection: quick });
    await untilShares(caller, { a: 10, b: 10, c: 40 });
    a!.fails = true;
    await untilShares(caller, { b: 12, c: 48 });
  });

  it('ejects no further server than its share permits', async () => {
    const [a, b] = await servers({ a: null, b: null, c: null, d: null });
    const caller = dial({ balance: {}, outlierDetection: quick });
    await untilShares(caller, { a: 15, b: 15, c: 15, d: 15 });
    for (const server of [a!, b!]) server.fails = true;
    const found = await eventually('one server is ejected', async () => {
      const counts = await shares(caller);
      return Object.keys(counts).length === 3 ? counts : undefined;
    });
    assert.equal(found['a fails'] === undefined, found['b fails'] !== undefined);
  });

  it('ejects none of two servers', async () => {
    const [a] = await servers({ a: null, b: null });
    const caller = dial({ balance: {}, outlierDetection: quick });
    await untilShares(caller, { a: 30, b: 30 });
    a!.fails = true;
    const end = performance.now() + 1_000;
    while (performance.now() < end) assert.equal((await shares(caller))['a fails'], 30);
  });

  it('keeps an ejected server ejected while it is drained, and sends it nothing afterwards', async () => {
    const [a] = await servers({ a: null, b: null, c: null });
    const caller = dial({ balance: {}, outlierDetection: quick });
    await untilShares(caller, { a: 20, b: 20, c: 20 });
    a!.fails = true;
    await untilShares(caller, { b: 30, c: 30 });
    await put(a!, { status: 'draining' });
    const end = performance.now() + 3_000;
    while (performance.now() < end) assert.deepEqual(Object.keys(await shares(caller)).sort(), ['b', 'c']);
  });

  it('lets calls fail while only an ejected server is left, and uses it when its ejection ends', async () => {
    const [a, ...others] = await servers({ a: null, b: null, c: null });
    const caller = dial({ balance: {}, outlierDetection: quick });
    await untilShares(caller, { a: 20, b: 20, c: 20 });
    a!.fails = true;
    await untilShares(caller, { b: 30, c: 30 });
    a!.fails = false;
    for (const server of others) server.stop();
    await eventually('a call is refused', () =>
      caller.call().then(
        () => false,
        ({ code }: { code: number }) => code === status.UNAVAILABLE,
      ),
    );
    await eventually('the server is used again', () =>
      caller.call().then(
        (name) => name === 'a',
        () => false,
      ),
    );
  });

  it('observes the servers of a subset', async () => {
    const started = await servers({ a: null, b: null, c: null, d: null, e: null, f: null });
    const caller = dial({ subset: { size: 3 }, outlierDetection: quick });
    const chosen = await eventually('three servers answer', async () => {
      const names = Object.keys(await shares(caller));
      return names.length === 3 ? names : undefined;
    });
    const [first, ...others] = chosen;
    started.find(({ name }) => name === first)!.fails = true;
    await untilShares(caller, Object.fromEntries(others.map((name) => [name, 30])));
  });

  it('with a success rate far below that of the others ejects a server that fails a part of its calls', async () => {
    const [a] = await servers({ a: null, b: null, c: null, d: null, e: null, f: null });
    const caller = dial({
      outlierDetection: {
        ...quick,
        failurePercentageEjection: { enforcementPercentage: 0 },
        successRateEjection: { requestVolume: 5 },
      },
    });
    await untilShares(caller, { a: 10, b: 10, c: 10, d: 10, e: 10, f: 10 });
    a!.fails = true;
    await untilShares(caller, { b: 12, c: 12, d: 12, e: 12, f: 12 });
  });

  describe('with options that are wrong', () => {
    for (const [options, text] of [
      [
        { intervall: 1 },
        /unknown option 'outlierDetection\.intervall'; did you mean 'outlierDetection\.intervalMs'\?/,
      ],
      [{ maxEjectionPercent: 101 }, /outlierDetection\.maxEjectionPercent is 101/],
      [
        { failurePercentageEjection: { treshold: 1 } },
        /did you mean 'outlierDetection\.failurePercentageEjection\.threshold'/,
      ],
      [
        { successRateEjection: { minimumHosts: 0 } },
        /outlierDetection\.successRateEjection\.minimumHosts is 0/,
      ],
      [
        { baseEjectionTimeMs: 3_000, maxEjectionTimeMs: 500 },
        /outlierDetection\.maxEjectionTimeMs is 500, and baseEjectionTimeMs is 3000; it must not be below that/,
      ],
      [{ maxEjectionTimeMs: 29_999 }, /maxEjectionTimeMs is 29999, and baseEjectionTimeMs is 30000/],
      [true, /outlierDetection is true/],
    ] as const)
      it(`${JSON.stringify(options)} is refused`, () => {
        assert.throws(
          () =>
            registerEtcdResolver(client(), {
              outlierDetection: options as unknown as OutlierDetectionOptions,
            }),
          (error) =>
            (error instanceof InvalidInputError || error instanceof NamingError) && text.test(error.message),
        );
      });
  });
});
