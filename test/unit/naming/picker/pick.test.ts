import assert from 'node:assert/strict';
import { ClosedError, Code, PermissionDeniedError } from '#src/errors/index.js';
import { type PickOptions, pick } from '#src/naming/picker/index.js';
import { pickerPorts } from '#src/naming/picker/options.js';
import { settled } from '../fake-service.js';
import { PickerFixture } from './picker-fixture.js';

const halfAnHourMs = 30 * 60_000;
/** How long the directory follows a service after its last subscriber left. */
const lingerMs = 5_000;

describe('pick', () => {
  let fixture: PickerFixture;

  beforeEach(() => {
    fixture = new PickerFixture();
  });

  afterEach(() => fixture.etcd.close());

  const picked = async (options: PickOptions = {}) =>
    (await pick(fixture.directory, 'svc', pickerPorts.set(options, fixture.ports))).addr;

  /** Picks for the first time, from a service with these addresses. */
  const pickedFrom = async (...addrs: string[]) => {
    const first = picked();
    first.catch(() => {}); // it may reject before it is returned
    await settled();
    await fixture.list(Object.fromEntries(addrs.map((addr) => [addr, {}])));
    return first;
  };

  it('waits until the endpoints are known, and then takes turns without waiting', async () => {
    const addrs = [await pickedFrom('a:1', 'b:1')];
    for (let i = 0; i < 3; i++) addrs.push(await picked());
    assert.deepEqual(addrs.sort(), ['a:1', 'a:1', 'b:1', 'b:1']);
    assert.equal(fixture.etcd.mirrors.length, 1);
  });

  it('rejects at once when the service is empty', async () => {
    await assert.rejects(pickedFrom(), { code: Code.UNAVAILABLE, message: /no endpoints under 'svc\/'/ });
  });

  it('rejects with a final error', async () => {
    const denied = new PermissionDeniedError('no', { code: Code.PERMISSION_DENIED, verdict: 'final' });
    const first = assert.rejects(picked(), denied);
    await settled();
    fixture.mirror.failure(denied);
    await first;
  });

  it('rejects with the reason of its signal, also later ones', async () => {
    const abort = new AbortController();
    const first = assert.rejects(picked({ signal: abort.signal }), /enough/);
    await settled();
    abort.abort(new Error('enough'));
    await first;
    await pickedFrom('a:1');
    await assert.rejects(picked({ signal: abort.signal }), /enough/);
  });

  it('rejects when etcd does not answer in its time', async () => {
    const late = assert.rejects(picked({ timeoutMs: 10 }), {
      name: 'DeadlineError',
      message: "DEADLINE_EXCEEDED: 'svc/' was not known within 10 ms: etcd has not answered yet",
    });
    await settled();
    fixture.clock.advance(10);
    await late;
  });

  it('rejects with ClosedError after the directory was closed', async () => {
    await pickedFrom('a:1');
    await fixture.directory.close();
    await assert.rejects(picked(), ClosedError);
  });

  it('follows the service until half an hour without a pick has passed', async () => {
    const followedFor = (ms: number) => {
      fixture.clock.advance(ms);
      return !fixture.mirror.hasEnded;
    };
    await pickedFrom('a:1');
    assert.ok(followedFor(halfAnHourMs + lingerMs));
    assert.equal(await picked(), 'a:1');
    assert.ok(followedFor(halfAnHourMs));
    assert.ok(followedFor(halfAnHourMs - lingerMs - 1));
    assert.ok(!followedFor(lingerMs + 1));
    assert.equal(await pickedFrom('b:1'), 'b:1');
    assert.equal(fixture.etcd.mirrors.length, 2);
  });
});
