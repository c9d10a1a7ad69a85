import assert from 'node:assert/strict';
import { ClosedError, Code, PermissionDeniedError } from '#src/errors/index.js';
import { directoryClock } from '#src/naming/directory/directory.js';
import { type Departure, ServiceDirectory } from '#src/naming/index.js';
import { FakeClock } from '../../../lease/fakes.js';
import { FakeClient, settled } from '../../fake-service.js';
import { followIn } from '../../subscribers.js';

describe('the departures from a directory', () => {
  let clock: FakeClock;
  let etcd: FakeClient;
  let directory: ServiceDirectory;

  beforeEach(() => {
    clock = new FakeClock();
    etcd = new FakeClient();
    directory = new ServiceDirectory(etcd.client, directoryClock.set({}, clock));
  });

  afterEach(() => etcd.close());

  it('are those of the target, with the record, and it is followed for them', async () => {
    etcd.timeToLive = async () => undefined;
    const stream = directory.departures('etcd:///svc');
    const departed = stream.next();
    await settled();
    const [mirror] = etcd.mirrors;
    mirror!.snapshot('a:1', 'b:1');
    mirror!.put('a:1', '{"Addr":"a:1"}', 77n);
    mirror!.remove('a:1');
    const { target, record, reason, revision } = (await departed).value as Departure;
    assert.deepEqual(
      [target, record.addr, record.lease, reason, revision],
      ['svc', 'a:1', 77n, 'lease-ended', 4n],
    );
    await stream.return?.(undefined);
    clock.advance(5_000);
    assert.equal(mirror!.hasEnded, true);
  });

  it('are those of all followed services without a target', async () => {
    const stream = directory.departures();
    await settled();
    assert.equal(etcd.mirrors.length, 0);
    for (const target of ['one', 'two']) await followIn(directory, target);
    for (const mirror of etcd.mirrors) {
      mirror.snapshot('a:1', 'b:1');
      mirror.remove('a:1');
    }
    const targets = [await stream.next(), await stream.next()].map(({ value }) => value?.target);
    assert.deepEqual(targets, ['one', 'two']);
    await stream.return?.(undefined);
  });

  it('end when the directory is closed', async () => {
    const streams = [directory.departures(), directory.departures('svc')];
    await settled();
    await directory.close();
    for (const stream of [...streams, directory.departures('svc')])
      assert.equal((await stream.next()).done, true);
  });

  it('throw when the client is closed, and when the service must not be read', async () => {
    const streams = [directory.departures(), directory.departures('svc')];
    const denied = directory.departures('denied');
    await settled();
    etcd.mirrors[1]!.fail(new PermissionDeniedError('denied', { code: Code.PERMISSION_DENIED }));
    await assert.rejects(denied.next(), PermissionDeniedError);
    etcd.close();
    for (const stream of streams) await assert.rejects(stream.next(), ClosedError);
  });
});
