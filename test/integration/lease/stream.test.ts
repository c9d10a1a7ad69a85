import assert from 'node:assert/strict';
import { systemClock } from '#src/async/index.js';
import { resolveOptions } from '#src/client/options.js';
import { leaseCalls, Transport } from '#src/wire/index.js';
import { useEtcd } from '../../support/etcd.js';

describe('a transport with a beforeAnswer callback', () => {
  const etcd = useEtcd();

  it('calls it before each call settles and before each message of a stream', async () => {
    const { transport: options } = resolveOptions({ endpoints: etcd().endpoints });
    const order: string[] = [];
    const transport = new Transport(options, systemClock, Math.random, {
      beforeAnswer: () => order.push('first'),
    });
    const calls = leaseCalls(transport);
    const settle = async (call: Promise<unknown>, what: string) => {
      await call.then(
        () => order.push(what),
        () => order.push(what),
      );
    };
    await settle(calls.leases(), 'answer');
    await settle(calls.revoke(1n), 'refusal');
    await settle(calls.leases({ timeoutMs: 0 }), 'deadline');
    await new Promise<void>((resolve) => {
      const stream = calls.keepAlive(
        { requireLeader: false },
        {
          message: () => {
            order.push('message');
            stream.cancel();
            resolve();
          },
          end: () => order.push('end'),
        },
      );
      stream.send({ ID: 1n });
    });
    transport.close();
    assert.deepEqual(order, [
      ...['first', 'answer', 'first', 'refusal', 'first', 'deadline', 'first', 'message'],
    ]);
  });
});

describe('a stream that is not open yet', () => {
  const etcd = useEtcd();

  it('queues all requests, and etcd answers each in order', async () => {
    const { transport: options } = resolveOptions({ endpoints: etcd().endpoints });
    const transport = new Transport(options, systemClock, Math.random);
    const ids = Array.from({ length: 50 }, (_, i) => BigInt(i + 1));
    const answered: bigint[] = [];
    await new Promise<void>((resolve, reject) => {
      const stream = leaseCalls(transport).keepAlive(
        { requireLeader: false },
        {
          message: ({ ID }) => {
            answered.push(ID);
            if (answered.length === ids.length) resolve();
          },
          end: reject,
        },
      );
      for (const ID of ids) stream.send({ ID });
    });
    transport.close();
    assert.deepEqual(answered, ids);
  });

  it('does not send requests that were dropped in the meantime', async () => {
    const { transport: options } = resolveOptions({ endpoints: etcd().endpoints });
    const transport = new Transport(options, systemClock, Math.random);
    const answered: bigint[] = [];
    await new Promise<void>((resolve, reject) => {
      const stream = leaseCalls(transport).keepAlive(
        { requireLeader: false },
        {
          message: ({ ID }) => {
            answered.push(ID);
            if (ID === 9n) resolve();
          },
          end: reject,
        },
      );
      for (const ID of [1n, 2n, 3n, 2n, 9n]) stream.send({ ID });
      stream.dropQueued(({ ID }) => ID === 2n);
    });
    transport.close();
    assert.deepEqual(answered, [1n, 3n, 9n]);
  });
});
