import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import { EtcdClient } from '#src/client/index.js';
import { Code, EtcdError } from '#src/errors/index.js';
import { PutResponse, RangeResponse } from '#src/gen/etcd/rpc.js';
import { eventually } from '../../support/eventually.js';
import { frame, type ScriptedCall, useScriptedServer } from '../../support/scripted-server.js';

const MiB = 1024 * 1024;

/** Empty key-values: two bytes each, and almost nothing when compressed. */
const empty = (count: number) => Buffer.alloc(2 * count, Buffer.from([0x12, 0]));

describe('a compressed answer', () => {
  const server = useScriptedServer(() => {});
  let client: EtcdClient;

  before(() => {
    client = new EtcdClient({ endpoints: [server().endpoint], timeoutMs: 30_000, maxReceiveBytes: 64 * MiB });
  });
  after(() => client.close());

  /** Compresses the message before the call, because that takes long. */
  const packed = (message: Uint8Array) => {
    const bytes = gzipSync(message);
    return ({ stream }: ScriptedCall): void => {
      const headers = { ':status': 200, 'content-type': 'application/grpc', 'grpc-encoding': 'gzip' };
      stream.respond(headers, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.end(frame(bytes, bytes.length, 1));
    };
  };

  const refusal = async (call: Promise<unknown>): Promise<EtcdError> => {
    const error = await call.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    assert.ok(error instanceof EtcdError, String(error));
    return error;
  };

  it('is not requested by calls or streams', async () => {
    const offered: unknown[] = [];
    server().script = (call) => {
      offered.push(call.headers['grpc-accept-encoding']);
      if (call.method === 'Watch') return;
      call.reply(RangeResponse.encode(RangeResponse.fromPartial({ header: { revision: 5n } })).finish());
    };
    const watcher = client.watch('k', { startRevision: 1n });
    await client.kv.get('k');
    await eventually('both calls have arrived', () => offered.length >= 2);
    await watcher.close();
    assert.deepEqual(new Set(offered), new Set([undefined]));
  });

  it('is decompressed up to maxReceiveBytes; the limit of the method applies next', async () => {
    server().script = packed(
      RangeResponse.encode(RangeResponse.fromPartial({ header: { revision: 5n } })).finish(),
    );
    assert.equal((await client.kv.get('k')).revision, 5n);
    const large = PutResponse.encode(PutResponse.fromPartial({ header: { revision: 5n } })).finish();
    // An unknown field, 5 MiB long.
    const padded = Buffer.concat([
      large,
      Buffer.from([0x9a, 0x3f, 0x80, 0x80, 0xc0, 0x02]),
      Buffer.alloc(5 * MiB),
    ]);
    server().script = packed(padded);
    assert.equal((await refusal(client.kv.compact(1n))).reason, 'ResponseTooLarge');
    server().script = packed(Buffer.alloc(65 * MiB));
    assert.equal((await refusal(client.kv.get('k'))).reason, 'ResponseTooLarge');
  });

  it('with millions of key-values is rejected before any of them is decoded', async () => {
    const answer = packed(empty(25_000_000));
    server().clearCalls();
    server().script = (call) => {
      // A read is sent again after a rejected answer.
      server().script = (again) => again.end(Code.PERMISSION_DENIED, 'etcdserver: permission denied');
      answer(call);
    };
    const before = process.memoryUsage().heapUsed;
    assert.equal((await refusal(client.kv.range({ prefix: 'k' }))).reason, 'PermissionDenied');
    assert.deepEqual(server().calls, ['Range', 'Range']);
    assert.ok(process.memoryUsage().heapUsed - before < 100 * MiB, 'the rejected answers were decoded');
  });
});
