import type { ModelEvent, ModelOperation } from '../history/index.js';
import type { Violation } from '../judge.js';
import { batches, type Edit, events, operation, operations, responses, withoutOperation } from './edits.js';

/** A change of the sample, and what the judge must find in it. */
export interface Variant {
  readonly name: string;
  readonly expected: Violation | 'valid' | 'not-judged';
  readonly edit: Edit;
}

export const VARIANTS: readonly Variant[] = [
  { name: 'the history as recorded', expected: 'valid', edit: (sample) => sample },
  { name: 'all events of a watch in one batch', expected: 'valid', edit: events('store', (all) => all) },
  {
    name: 'the read of the empty store is missing',
    expected: 'not-judged',
    edit: operations((all) => all.slice(1)),
  },
  {
    name: 'a read returns the previous value of its key',
    expected: 'linearization',
    edit: operation(isReadOfA, valueOfA('2', 3n, 2n, 5n)),
  },
  {
    name: 'a write that was applied is reported as not applied',
    expected: 'linearization',
    edit: withoutOperation(isPut('b', '1')),
  },
  {
    name: 'an acknowledged put is not applied',
    expected: 'linearization',
    edit: operation(isPut('a', 'never sent'), put(10n)),
  },
  {
    name: 'a put reports the revision of the next write',
    expected: 'linearization',
    edit: operation(isPut('b', '1'), put(5n)),
  },
  {
    name: 'a read at a revision returns an older value',
    expected: 'serializable',
    edit: operation(isStaleRead, valueOfA('1', 2n, 1n, 5n)),
  },
  {
    name: 'two events are in the wrong order',
    expected: 'ordered',
    edit: events('store', ([first, second, ...rest]) => [second!, first!, ...rest]),
  },
  {
    name: 'an event is delivered twice',
    expected: 'unique',
    edit: events('store', ([first, ...rest]) => [first!, first!, ...rest]),
  },
  {
    name: 'the events of a transaction are in two batches',
    expected: 'atomic',
    edit: batches('store', (all) => cutAt(all, all.findIndex(isOfTransaction) + 1)),
  },
  {
    name: 'a checkpoint is one too high',
    expected: 'bookmarkable',
    edit: responses('live', ([ready, ...all]) => [ready!, { ...ready!, Revision: 2n }, ...all]),
  },
  {
    name: 'the first event after the start revision is missing',
    expected: 'resumable',
    edit: events('store', ([, ...rest]) => rest),
  },
  {
    name: 'the first event after a checkpoint is missing',
    expected: 'resumable',
    edit: events('continued', ([, ...rest]) => rest),
  },
  {
    name: 'an update is delivered as a creation',
    expected: 'is-create',
    edit: events('store', ([first, second, ...rest]) => [first!, { ...second!, IsCreate: true }, ...rest]),
  },
  {
    name: 'an event in the middle is missing',
    expected: 'reliable',
    edit: events('store', ([first, , ...rest]) => [first!, ...rest]),
  },
  {
    name: 'the first event of a watch without a start revision is missing',
    expected: 'reliable',
    edit: responses('live', (all) => all.filter(({ Events }) => Events[0]?.Revision !== 2n)),
  },
  {
    name: 'an event has a wrong previous value',
    expected: 'prev-kv',
    edit: events('store', (all) => all.map(withWrongPrevious)),
  },
  {
    name: 'a watch of one key receives an event of another',
    expected: 'filter',
    edit: events('key', ([first, ...rest]) => [{ ...first!, Key: 'b' }, ...rest]),
  },
  {
    name: 'a watch of puts misses one',
    expected: 'reliable',
    edit: events('puts', ([first, , ...rest]) => [first!, ...rest]),
  },
  {
    name: 'a watch of puts receives a delete',
    expected: 'unique',
    edit: events('puts', (all) =>
      all.flatMap((event) => (event.Revision === 7n ? [deleteOfB, event] : [event])),
    ),
  },
  {
    name: 'a watch of deletes misses one',
    expected: 'reliable',
    edit: events('deletes', ([first, , ...rest]) => [first!, ...rest]),
  },
];

const deleteOfB: ModelEvent = {
  Type: 'delete-operation',
  Key: 'b',
  Value: {},
  Revision: 6n,
  IsCreate: false,
};

function isReadOfA({ Input, Output }: ModelOperation): boolean {
  if (Input.Type !== 'range' || !('Range' in Output)) return false;
  const { Start, End, Revision } = Input.Range;
  return Start === 'a' && End === '' && Revision === 0n && Output.Range.Count > 0n;
}

function isStaleRead({ Input }: ModelOperation): boolean {
  return Input.Type === 'range' && Input.Range.Revision > 0n;
}

function isPut(key: string, value: string): (op: ModelOperation) => boolean {
  return ({ Input }) => {
    const step = Input.Type === 'txn' ? Input.Txn.OperationsOnSuccess[0] : undefined;
    if (step?.Type !== 'put-operation') return false;
    return step.Put.Key === key && 'Value' in step.Put.Value && step.Put.Value.Value === value;
  };
}

function valueOfA(
  value: string,
  modRevision: bigint,
  version: bigint,
  revision: bigint,
): ModelOperation['Output'] {
  const kv = { Key: 'a', Value: { Value: value }, ModRevision: modRevision, Version: version };
  return { Range: { KVs: [kv], Count: 1n }, Revision: revision };
}

function put(revision: bigint): ModelOperation['Output'] {
  return { Txn: { Failure: false, Results: [{}] }, Revision: revision };
}

function isOfTransaction({ Revision }: ModelEvent): boolean {
  return Revision === 5n;
}

function cutAt(all: readonly ModelEvent[], index: number): ModelEvent[][] {
  return [all.slice(0, index), all.slice(index)];
}

function withWrongPrevious({ PrevValue, ...event }: ModelEvent): ModelEvent {
  return PrevValue ? { ...event, PrevValue: { ...PrevValue, Version: PrevValue.Version + 1n } } : event;
}
