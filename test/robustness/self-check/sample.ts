import type { EtcdClient } from '#src/index.js';
import { type ClientHistory, History, type ModelClient, RecordingClient } from '../history/index.js';
import { putRequest, putResponse } from '../history/operations.js';

/** A writer with every operation of the model, and a client for each kind of watch. */
export type Sample = Readonly<Record<SampleClient, ModelClient>>;

export type SampleClient = 'live' | 'writer' | 'store' | 'key' | 'puts' | 'deletes' | 'continued';

/** Of the last write of `a`, and of its delete after it. */
const LAST_PUT = 10n;
const LAST = 11n;

/** Records a correct history, on an empty store. */
export async function recordSample(client: EtcdClient): Promise<Sample> {
  const history = new History();
  const recorders = new Map<string, ClientHistory>();
  const record = (name: SampleClient) => {
    const own = history.client();
    recorders.set(name, own);
    return new RecordingClient(client, own);
  };
  const follow = async (
    name: SampleClient,
    until: bigint,
    ...watch: Parameters<RecordingClient['watch']>
  ) => {
    for await (const { nextRevision } of record(name).watch(...watch)) if (nextRevision > until) return;
  };
  const live = record('live').watch({ prefix: '' }, { prevKv: true });
  const writer = record('writer');
  await writer.range({ key: 'a' });
  await live.ready;
  await writeAll(writer, client, recorders.get('writer') as ClientHistory);
  for await (const { nextRevision } of live) if (nextRevision > LAST) break;
  await follow('store', LAST, { prefix: '' }, { startRevision: 2n, prevKv: true, progress: true });
  await follow('key', LAST, { key: 'a' }, { startRevision: 3n });
  await follow('puts', LAST_PUT, { prefix: '' }, { startRevision: 2n, only: 'put' });
  await follow('deletes', LAST, { prefix: '' }, { startRevision: 2n, only: 'delete' });
  await follow('continued', LAST, { prefix: '' }, { startRevision: 6n });
  await compactAll(writer);
  const clients = history.toModel();
  return Object.fromEntries([...recorders.keys()].map((name, index) => [name, clients[index]])) as Sample;
}

async function writeAll(writer: RecordingClient, client: EtcdClient, history: ClientHistory): Promise<void> {
  await writer.put('a', '1'); // revision 2
  await writer.put('a', '2');
  await writer.put('b', '1');
  await writer.txn({
    compare: [{ key: 'a', modRevision: 3n }],
    success: [
      { type: 'put', key: 'a', value: '3' },
      { type: 'put', key: 'c', value: 'a value of 20 bytes or more' },
    ],
    failure: [],
  });
  await writer.txn({
    compare: [{ key: 'a', version: 1n }],
    success: [{ type: 'delete', key: 'a' }],
    failure: [{ type: 'range', key: 'a', end: 'z' }],
  });
  await writer.range({ key: 'a' });
  await writer.range({ key: 'a' }, { revision: 3n });
  await writer.range({ key: 'a', end: 'z', limit: 2 });
  await writer.range({ key: 'a', end: 'z', keysOnly: true });
  await writer.delete('b'); // revision 6
  await writer.delete('b');
  const { id } = await writer.grant(3_600);
  await writer.put('d', '1', { lease: id });
  await writer.revoke(id); // revision 8
  await expectFailure(writer.put('d', '2', { lease: id })); // not applied
  await loseAnswer(history, 'lost', () => client.kv.put('a', 'lost')); // revision 9
  await loseAnswer(history, 'never sent', async () => {});
  await writer.put('a', 'last');
  await writer.delete('a'); // revision 11
  await writer.range({ key: 'a', end: 'z' });
}

async function loseAnswer(
  history: ClientHistory,
  value: string,
  write: () => Promise<unknown>,
): Promise<void> {
  const perform = async (): Promise<never> => {
    await write();
    throw new Error('the answer was lost');
  };
  await expectFailure(
    history.run(putRequest('a', value, 0n), perform, (r) => ({ response: putResponse(r) })),
  );
}

async function compactAll(writer: RecordingClient): Promise<void> {
  await writer.compact(3n);
  await expectFailure(writer.compact(3n));
  await expectFailure(writer.compact(1_000n));
}

async function expectFailure(call: Promise<unknown>): Promise<void> {
  const succeeded = await call.then(
    () => true,
    () => false,
  );
  if (succeeded) throw new Error('a call of the sample should have failed');
}
