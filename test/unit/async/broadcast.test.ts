import { deepEqual, equal } from 'node:assert/strict';
import { Broadcast } from '#src/async/index.js';

describe('Broadcast', () => {
  it('calls the listeners in the order in which they were added', () => {
    const broadcast = new Broadcast<number>();
    const calls: string[] = [];
    broadcast.listen((value) => calls.push(`one ${value}`));
    broadcast.listen((value) => calls.push(`two ${value}`));
    broadcast.publish(7);
    deepEqual(calls, ['one 7', 'two 7']);
  });

  it('calls a function that listens twice twice, until each is removed', () => {
    const broadcast = new Broadcast<number>();
    const values: number[] = [];
    const listener = (value: number) => values.push(value);
    const remove = broadcast.listen(listener);
    broadcast.listen(listener);
    broadcast.publish(1);
    equal(remove(), true);
    equal(remove(), false, 'removed before');
    broadcast.publish(2);
    deepEqual(values, [1, 1, 2]);
    equal(broadcast.size, 1);
  });

  it('does not call a listener that another one removes meanwhile', () => {
    const broadcast = new Broadcast<number>();
    const calls: string[] = [];
    broadcast.listen(() => {
      calls.push('one');
      remove();
    });
    const remove = broadcast.listen(() => calls.push('two'));
    broadcast.publish(1);
    deepEqual(calls, ['one']);
  });

  it('does not pass a value to a listener that is added meanwhile', () => {
    const broadcast = new Broadcast<number>();
    const late: number[] = [];
    broadcast.listen(() => void broadcast.listen((value) => late.push(value)));
    broadcast.publish(1);
    deepEqual(late, []);
  });

  it('calls the other listeners when one throws', () => {
    const errors: unknown[] = [];
    const values: number[] = [];
    const broadcast = new Broadcast<number>((error) => errors.push(error));
    const failure = new Error('a listener');
    broadcast.listen(() => {
      throw failure;
    });
    broadcast.listen((value) => values.push(value));
    broadcast.publish(1);
    deepEqual([errors, values], [[failure], [1]]);
  });

  it('notifies its listeners of the end once, and later listeners immediately', () => {
    const broadcast = new Broadcast<number>();
    const ends: string[] = [];
    const values: number[] = [];
    broadcast.listen(
      (value) => values.push(value),
      () => ends.push('early'),
    );
    broadcast.end();
    broadcast.end();
    broadcast.publish(1);
    equal(
      broadcast.listen(
        (value) => values.push(value),
        () => ends.push('late'),
      )(),
      false,
    );
    deepEqual([ends, values], [['early', 'late'], []]);
  });
});
