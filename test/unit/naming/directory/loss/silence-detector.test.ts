import assert from 'node:assert/strict';
import { SilenceDetector, type SilencePorts } from '#src/naming/directory/loss/silence-detector.js';
import { FakeClock } from '../../../lease/fakes.js';
import { settled } from '../../fake-service.js';

describe('the detection of a silent etcd', () => {
  let clock: FakeClock;
  let reads: { readonly key: string; readonly options: Parameters<SilencePorts['read']>[1] }[];
  let answer: () => Promise<unknown>;
  let detector: SilenceDetector;
  beforeEach(() => {
    clock = new FakeClock();
    reads = [];
    answer = async () => ({});
    detector = new SilenceDetector({
      clock,
      intervalMs: 1_000,
      readsEnabled: true,
      protectionMs: 10_000,
      read: (key, options) => {
        reads.push({ key, options });
        return answer();
      },
    });
  });
  const never = () => new Promise(() => {});
  const advance = async (ms: number) => {
    clock.advance(ms);
    await settled();
  };

  it('knows of no silence while no service is followed', async () => {
    assert.equal(detector.wasRecentlySilent, false);
    detector.follow('svc/')();
    await advance(60_000);
    assert.equal(detector.wasRecentlySilent, false);
    detector.follow('svc/');
    assert.equal(detector.wasRecentlySilent, false);
  });

  it('reads the key of one of the services, for one interval at most', async () => {
    detector.follow('svc/a/');
    detector.follow('svc/b/');
    await advance(1_000);
    const [{ key, options } = assert.fail('no read')] = reads;
    assert.deepEqual([key, options.timeoutMs, options.signal.aborted], ['svc/a/', 1_000, false]);
  });

  it('finds etcd silent after more than one and a half intervals without an answer', async () => {
    answer = never;
    detector.follow('svc/');
    await advance(1_500);
    assert.equal(detector.wasRecentlySilent, false);
    await advance(1);
    assert.equal(detector.wasRecentlySilent, true);
    assert.equal(detector.lastSilentAt, clock.now());
  });

  it('goes on while one of several services is followed', async () => {
    const unfollow = detector.follow('svc/a/');
    detector.follow('svc/b/');
    unfollow();
    unfollow();
    await advance(1_000);
    assert.deepEqual(
      reads.map(({ key }) => key),
      ['svc/b/'],
    );
  });

  it('ends its read and its timer with the last service, and starts again with the next one', async () => {
    let finish: () => void = () => {};
    answer = () => new Promise<void>((resolve) => (finish = resolve));
    const unfollow = detector.follow('svc/');
    await advance(1_000);
    unfollow();
    assert.equal(reads[0]?.options.signal.aborted, true);
    finish();
    await settled();
    assert.equal(clock.timers, 0);
    detector.follow('svc/');
    await advance(1_000);
    assert.equal(reads.length, 2);
  });
});
