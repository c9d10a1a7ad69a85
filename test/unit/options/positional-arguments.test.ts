import assert from 'node:assert/strict';
import {
  EtcdClient,
  fileSnapshotStore,
  formatLeaseId,
  InvalidInputError,
  parseLeaseId,
  registerEtcdResolver,
} from '#src/index.js';

describe('an argument of another type', () => {
  const client = new EtcdClient({ endpoints: ['127.0.0.1:1'] });
  after(() => client.close());

  const calls: Readonly<Record<string, (value: never) => unknown>> = {
    'fileSnapshotStore(folder)': (value) => fileSnapshotStore(value),
    'client.onClose(callback)': (value) => client.onClose(value),
    'formatLeaseId(id)': (value) => formatLeaseId(value),
    'parseLeaseId(text)': (value) => parseLeaseId(value),
    'registerEtcdResolver(client, { serviceConfig })': (value) =>
      registerEtcdResolver(client, { serviceConfig: value }),
  };
  for (const [call, run] of Object.entries(calls))
    for (const value of [null, 5, '', Symbol('s'), { a: 1 }])
      it(`is refused by ${call}: ${String(value) || "''"}`, () => {
        assert.throws(
          () => run(value as never),
          (error) => error instanceof InvalidInputError || (error as Error).name === 'NamingError',
        );
      });
});
