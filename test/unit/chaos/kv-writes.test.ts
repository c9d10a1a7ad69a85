import { ambiguous, failed, putStep, Scene } from './scene.js';
import { assertFlags, assertGood } from './support.js';

const txn = { type: 'txn', compare: [], success: [], failure: [] } as const;
const put = { type: 'put' } as const;

describe('K1, an acknowledged write is there', () => {
  it('is broken by a put that is nowhere', () => {
    const scene = new Scene();
    scene.put('k', 'a');
    scene.toldPut('k', 'lost', 3n);
    assertFlags(scene.end(), 'K1');
  });

  it('is broken by a put at another revision than its answer says', () => {
    const scene = new Scene();
    scene.apply({ put: 'k', value: 'a' });
    scene.apply({ put: 'k', value: 'b' });
    scene.toldPut('k', 'a', 3n, { from: 1, to: 9 });
    scene.toldPut('k', 'b', 3n, { from: 1, to: 9 });
    assertFlags(scene.end(), 'K1');
  });

  it('is broken by a delete that deleted nothing', () => {
    const scene = new Scene();
    scene.put('k', 'a');
    scene.op({ type: 'delete', key: 'k' }, { type: 'delete', revision: 3n, deleted: 1n });
    assertFlags(scene.end(), 'K1');
  });

  it('is broken by a transaction of which nothing is there', () => {
    const scene = new Scene();
    scene.op(
      { ...txn, success: [putStep('k', 'a')] },
      { type: 'txn', revision: 2n, succeeded: true, steps: [put] },
    );
    assertFlags(scene.end(), 'K1');
  });
});

describe('K2, every write in the store has a client, and is there once', () => {
  it('is broken by a put that is applied twice', () => {
    const scene = new Scene();
    scene.lostPut('k', 'a');
    scene.apply({ put: 'k', value: 'a' });
    scene.apply({ put: 'k', value: 'a' });
    assertFlags(scene.end(), 'K2');
  });

  it('is broken by a value that no client put', () => {
    const scene = new Scene();
    scene.apply({ put: 'k', value: 'from nowhere' });
    assertFlags(scene.end(), 'K2');
  });

  it('is broken by a value under another key', () => {
    const scene = new Scene();
    scene.lostPut('k', 'a');
    scene.apply({ put: 'other', value: 'a' });
    assertFlags(scene.end(), 'K2');
  });

  it('is broken by a delete that is applied twice', () => {
    const scene = new Scene();
    scene.put('k', 'a');
    scene.op({ type: 'delete', key: 'k' }, ambiguous);
    scene.apply({ delete: 'k' });
    scene.put('k', 'b');
    scene.apply({ delete: 'k' });
    assertFlags(scene.end(), 'K2');
  });

  it('is broken by a delete that comes before the only one that can have done it was called', () => {
    const scene = new Scene();
    scene.put('k', 'a');
    scene.apply({ delete: 'k' });
    scene.op({ type: 'delete', key: 'k' }, ambiguous);
    assertFlags(scene.end(), 'K2');
  });
});

describe('K3, what surely was not applied is not there', () => {
  it('is broken by a put', () => {
    const scene = new Scene();
    scene.lostPut('k', 'a', failed);
    scene.apply({ put: 'k', value: 'a' });
    assertFlags(scene.end(), 'K3');
  });

  it('is broken by a put that comes only later', () => {
    const scene = new Scene();
    scene.lostPut('k', 'a', failed);
    scene.put('k', 'b');
    scene.apply({ put: 'k', value: 'a' });
    assertFlags(scene.end(), 'K3');
  });

  it('is broken by a delete', () => {
    const scene = new Scene();
    scene.put('k', 'a');
    scene.op({ type: 'delete', key: 'k' }, failed);
    scene.apply({ delete: 'k' });
    assertFlags(scene.end(), 'K3');
  });

  it('is broken by a transaction', () => {
    const scene = new Scene();
    scene.op({ ...txn, success: [putStep('k', 'a')] }, failed);
    scene.apply({ put: 'k', value: 'a' });
    assertFlags(scene.end(), 'K3');
  });
});

describe('K8, a write whose answer was lost is reported as ambiguous and not sent again', () => {
  const unavailable = [14, 'etcdserver: leader changed'] as const;

  it('is broken by sending again', () => {
    const scene = new Scene();
    scene.put('k', 'a', { statuses: [unavailable, [0, '']] });
    assertFlags(scene.end(), 'K8');
  });

  it('is broken by sending again after a deadline, and being refused', () => {
    const scene = new Scene();
    scene.lostPut('k', 'a', ambiguous, { statuses: [[4, 'Deadline exceeded'], unavailable] });
    assertFlags(scene.end(), 'K8');
  });

  it('is broken by telling a lost answer as a failure', () => {
    const scene = new Scene();
    scene.lostPut('k', 'a', failed, { statuses: [[14, 'Connection dropped']] });
    assertFlags(scene.end(), 'K8');
  });

  it('is broken by telling a refusal as a lost answer', () => {
    const scene = new Scene();
    scene.lostPut('k', 'a', ambiguous, { statuses: [[14, 'etcdserver: too many requests']] });
    assertFlags(scene.end(), 'K8');
  });

  it('is broken by telling what never left as a lost answer', () => {
    const scene = new Scene();
    scene.put('k', 'a');
    scene.lostPut('k', 'b', ambiguous, { statuses: [] });
    assertFlags(scene.end(), 'K8');
  });

  it('is broken by telling the last refusal of an idempotent write whose first answer was lost', () => {
    const scene = new Scene();
    const op = { type: 'put', key: 'k', value: 'a', lease: 0n, idempotent: true } as const;
    scene.op(op, failed, { statuses: [unavailable, [14, 'etcdserver: no leader']] });
    assertFlags(scene.end(), 'K8');
  });

  it('lets an idempotent write be sent again, and be there twice', () => {
    const scene = new Scene();
    const op = { type: 'put', key: 'k', value: 'a', lease: 0n, idempotent: true } as const;
    scene.apply({ put: 'k', value: 'a' });
    const revision = scene.apply({ put: 'k', value: 'a' });
    scene.op(op, { type: 'put', revision }, { statuses: [unavailable, [0, '']] });
    assertGood(scene.end());
  });

  describe('of a write that its client says it held back', () => {
    const text = 'DEADLINE_EXCEEDED: Put was not sent in time, because no stream was free';
    const heldBack = { type: 'fail', error: { name: 'DeadlineError', code: 4, text } } as const;

    const scene = () => {
      const begun = new Scene();
      begun.lostPut('k', 'a', heldBack, { statuses: [[4, 'no answer within 500 ms']] });
      return begun;
    };

    it('is kept, as long as the write was not applied', () => {
      assertGood(scene().end());
      const applied = scene();
      applied.apply({ put: 'k', value: 'a' });
      assertFlags(applied.end(), 'K3');
    });

    it('is broken where an attempt before was lost', () => {
      const scene = new Scene();
      scene.lostPut('k', 'a', heldBack, { statuses: [unavailable, [4, 'no answer within 500 ms']] });
      assertFlags(scene.end(), 'K8');
    });
  });

  it('is kept by sending again what was refused, and by a caller who calls off what was not sent yet', () => {
    const scene = new Scene();
    const statuses = [
      [14, 'No connection established. Last error: null'],
      [14, 'etcdserver: no leader'],
      [2, 'raft proposal dropped'],
      [0, ''],
    ];
    scene.put('k', 'a', { statuses: statuses as [number, string][] });
    const calledOff = { type: 'info', error: { name: 'CalledOff', code: -1, text: 'enough' } } as const;
    scene.lostPut('k', 'b', calledOff, { statuses: [] });
    assertGood(scene.end());
  });
});
