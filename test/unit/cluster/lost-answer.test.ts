import assert from 'node:assert/strict';
import { ClusterClientImpl } from '#src/cluster/index.js';
import { EtcdError, errorFor, markMaybeApplied } from '#src/errors/index.js';
import type { CallOptions, ClusterCalls } from '#src/wire/index.js';
import { FakeClock } from '../lease/fakes.js';

describe('a change of the members whose answer was lost, and that etcd refuses the second time', () => {
  const id = 7n;
  const lastedMs = 4_000;
  let clock: FakeClock;
  let lists: (CallOptions | undefined)[];
  let listed: () => Promise<Awaited<ReturnType<ClusterCalls['list']>>>;
  let client: ClusterClientImpl;

  beforeEach(() => {
    clock = new FakeClock();
    lists = [];
    const member = { ID: id, name: 'm', peerURLs: [], clientURLs: [], isLearner: false };
    listed = async () => ({ header: undefined, members: [member] });
    const refused = (reason: 'MemberNotFound' | 'MemberNotLearner') => async () => {
      clock.jump(lastedMs);
      throw markMaybeApplied(errorFor(reason));
    };
    const calls: Partial<ClusterCalls> = {
      timeoutMs: 10_000,
      remove: refused('MemberNotFound'),
      promote: refused('MemberNotLearner'),
      list: (_, options) => {
        lists.push(options);
        return listed();
      },
    };
    client = new ClusterClientImpl(calls as ClusterCalls, clock);
  });

  for (const change of ['remove', 'promote'] as const)
    describe(`of ${change}()`, () => {
      it('resolves with the members, which are listed in the time that is left', async () => {
        const { members } = await client[change](id, { timeoutMs: 5_000 });
        assert.deepEqual(
          members.map((one) => one.id),
          [id],
        );
        await client[change](id);
        assert.deepEqual(
          lists.map((options) => options?.timeoutMs),
          [5_000 - lastedMs, 10_000 - lastedMs],
        );
      });

      it('rejects with the refusal, which may have been applied, if the members cannot be listed', async () => {
        listed = () => Promise.reject(new EtcdError('no leader', { code: 14, verdict: 'not-applied' }));
        await assert.rejects(client[change](id), { verdict: 'maybe-applied', reason: /^MemberNot/ });
      });

      it('rejects with the reason of its signal, if that aborts meanwhile', async () => {
        const aborter = new AbortController();
        const reason = new Error('no longer needed');
        listed = async () => {
          aborter.abort(reason);
          throw reason;
        };
        await assert.rejects(client[change](id, { signal: aborter.signal }), reason);
      });
    });
});
