import assert from 'node:assert/strict';
import {
  AuthService,
  ClusterService,
  KVService,
  LeaseService,
  MaintenanceService,
  WatchService,
} from '#src/gen/etcd/rpc.js';
import * as adminMethods from '#src/wire/codec/admin-methods.js';
import { rangeStream } from '#src/wire/codec/kv-answers.js';
import * as commonMethods from '#src/wire/codec/methods.js';
import { watch } from '#src/wire/codec/watch-answer.js';
import type { Method } from '#src/wire/method.js';
import { paths } from '#src/wire/paths.js';

interface GeneratedMethod extends Method<never, object> {
  readonly requestStream: boolean;
  requestDeserialize(bytes: Buffer): object;
}

const generated = {
  ...AuthService,
  ...ClusterService,
  ...KVService,
  ...LeaseService,
  ...MaintenanceService,
  ...WatchService,
} as unknown as Readonly<Record<string, GeneratedMethod>>;

const methods = { ...commonMethods, ...adminMethods };

/** Fields 1 to 13 as a number and as bytes, and all of them twice. A message skips those that it does not have. */
const single = Array.from({ length: 13 }, (_, i) => i + 1).flatMap((field) => [
  Buffer.from([field * 8, field]),
  Buffer.from([field * 8 + 2, 2, 0x18, field]),
]);
const fields = [...single, Buffer.concat([...single, ...single])];

describe('the methods that the client calls', () => {
  it('have the paths of the generated services', () => {
    for (const [name, path] of Object.entries(paths)) assert.equal(path, generated[name]?.path);
  });

  it('are half-closed after their only request if the generated service has one', () => {
    const { leaseKeepAlive, snapshot } = methods;
    for (const [name, { requestStream }] of Object.entries({ rangeStream, watch, leaseKeepAlive, snapshot }))
      assert.equal(requestStream, generated[name]?.requestStream, name);
  });

  for (const [name, method] of Object.entries(methods) as [string, Method<never, object>][]) {
    const reference = generated[name];
    assert.ok(reference);

    it(`encode and decode ${name} as the generated service does`, () => {
      assert.equal(method.path, reference.path);
      for (const bytes of fields) {
        const request = reference.requestDeserialize(bytes) as never;
        assert.deepEqual(method.requestSerialize(request), reference.requestSerialize(request));
        // Its own decoders are for valid answers, and are compared on them in answers.test.ts.
        if (!(name in adminMethods))
          assert.deepEqual(method.responseDeserialize(bytes), reference.responseDeserialize(bytes));
      }
    });
  }
});
