import assert from 'node:assert/strict';
import { keyBytes, keyText } from '#src/model/index.js';
import { directoryClock } from '#src/naming/directory/directory.js';
import {
  decodeSnapshot,
  encodeSnapshot,
  maxSnapshotBytes,
} from '#src/naming/directory/snapshots/snapshot.js';
import { type JsonValue, ServiceDirectory, type SnapshotStore } from '#src/naming/index.js';
import { sameJson } from '#src/naming/json/same-json.js';
import { FakeClock } from '../lease/fakes.js';
import { FakeClient, settled } from './fake-service.js';
import { followIn } from './subscribers.js';

const emptyView = {
  target: 'svc',
  endpoints: [],
  revision: 1n,
  invalid: new Set<string>(),
  unconfirmed: new Set<string>(),
};

const record = (key: string) => ({ key, addr: 'a:1', createRevision: 1n, modRevision: 1n, lease: 0n });

describe('the directory of services', () => {
  let clock: FakeClock;
  let etcd: FakeClient;
  let directory: ServiceDirectory;

  beforeEach(() => {
    clock = new FakeClock();
    etcd = new FakeClient();
    directory = new ServiceDirectory(etcd.client, directoryClock.set({}, clock));
  });

  const follow = () => followIn(directory);

  it('stores keys that are not UTF-8 as their bytes', () => {
    const keys = ['ff', 'fe', '80', 'c328', 'efbfbd'].map((id) =>
      Buffer.concat([Buffer.from('svc/'), Buffer.from(id, 'hex')]),
    );
    const endpoints = keys.map((key) => record(keyText(key)));
    const read = decodeSnapshot('svc', encodeSnapshot({ ...emptyView, endpoints }, 0));
    assert.deepEqual(
      read?.view.endpoints.map(({ key }) => keyBytes(key)),
      keys,
    );
  });

  it('stores a record that is nested deeper than the stack, and the records beside it', () => {
    const metadata = JSON.parse(`${'['.repeat(9_000)}${']'.repeat(9_000)}`) as JsonValue;
    const endpoints = [record('svc/a'), { ...record('svc/b'), metadata }, record('svc/c')];
    const read = decodeSnapshot('svc', encodeSnapshot({ ...emptyView, endpoints }, 0));
    assert.deepEqual(
      read?.view.endpoints.map(({ key }) => key),
      ['svc/a', 'svc/b', 'svc/c'],
    );
    assert.ok(sameJson(read.view.endpoints[1]?.metadata, metadata));
  });

  it('writes no snapshot above the size that it reads', () => {
    const limit = maxSnapshotBytes;
    const written = (length: number) =>
      encodeSnapshot({ ...emptyView, endpoints: [{ ...record('svc/a'), metadata: 'é'.repeat(length) }] }, 0);
    const around = written(0).length;
    const largest = written(Math.floor((limit - around) / 2));
    assert.ok(largest.length > limit - 2 && decodeSnapshot('svc', largest), `${largest.length}`);
    assert.throws(() => written(Math.floor((limit - around) / 2) + 1), {
      code: 8,
      message: /larger than 67108864 bytes, and is not saved/,
    });
  });

  describe('with snapshots of an earlier process', () => {
    const saved = new Map<string, Uint8Array>();
    const snapshots: SnapshotStore = {
      load: async (target) => saved.get(target),
      save: async (target, bytes) => {
        saved.set(target, bytes);
      },
    };

    beforeEach(() => {
      saved.clear();
      directory = new ServiceDirectory(etcd.client, directoryClock.set({ snapshots }, clock));
    });

    async function saveFromEarlierProcess(...addrs: string[]): Promise<void> {
      await follow();
      etcd.mirrors[0]!.snapshot(...addrs);
      await settled();
      clock.advance(1_000);
      await settled();
      assert.equal(saved.size, 1);
      etcd.close();
      etcd = new FakeClient();
      directory = new ServiceDirectory(etcd.client, directoryClock.set({ snapshots }, clock));
    }

    it('shows the saved view when etcd does not answer, with source disk', async () => {
      await saveFromEarlierProcess('a:1', 'b:1');
      const { received } = await follow();
      assert.deepEqual(received, []);
      clock.advance(1_000);
      await settled();
      assert.deepEqual(received, ['[a:1,b:1]']);
      const { state, source, endpoints } = directory.status('svc');
      assert.deepEqual([state, source, endpoints], ['known', 'disk', 2]);
    });

    it('does not show the saved view when etcd answers in time', async () => {
      await saveFromEarlierProcess('a:1');
      const { received } = await follow();
      etcd.mirrors[0]!.snapshot('c:1');
      await settled();
      clock.advance(5_000);
      await settled();
      assert.deepEqual(received, ['[c:1]']);
      assert.equal(directory.status('svc').source, 'live');
    });

    it('replaces the saved view once etcd answers', async () => {
      await saveFromEarlierProcess('a:1');
      const { received } = await follow();
      clock.advance(1_000);
      await settled();
      etcd.mirrors[0]!.snapshot('b:1');
      await settled();
      assert.deepEqual(received, ['[a:1]', '[b:1]']);
    });

    it('saves neither an empty service nor an unconfirmed one', async () => {
      await saveFromEarlierProcess('a:1');
      const [before] = saved.values();
      await follow();
      etcd.mirrors[0]!.snapshot();
      await settled();
      clock.advance(60_000);
      await settled();
      assert.deepEqual([...saved.values()], [before]);
    });

    for (const [what, bytes] of [
      ['of another target', encodeSnapshot({ ...emptyView, target: 'other' }, 1)],
      ['of another version', Buffer.from('{"version":2,"target":"svc"}')],
      ['that is not a snapshot', Buffer.from('\0\0\0')],
    ] as const) {
      it(`ignores a snapshot ${what}`, async () => {
        saved.set('svc', bytes);
        const { received } = await follow();
        clock.advance(1_000);
        await settled();
        assert.deepEqual(received, []);
      });
    }
  });
});
