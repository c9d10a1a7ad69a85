import { deepEqual, throws } from 'node:assert/strict';
import { EffectLoop } from '#src/async/index.js';

describe('EffectLoop', () => {
  it('performs all effects of an input before it handles the input that one of them causes', () => {
    const log: string[] = [];
    const loop = new EffectLoop<number, string>(
      (input) => [`${input}a`, `${input}b`],
      (effect) => {
        log.push(effect);
        if (effect === '1a') loop.dispatch(2);
      },
    );
    loop.dispatch(1);
    deepEqual(log, ['1a', '1b', '2a', '2b']);
  });

  it('handles inputs in the order in which effects cause them', () => {
    const handled: number[] = [];
    const loop = new EffectLoop<number, number>(
      (input) => {
        handled.push(input);
        return input < 10 ? [input * 10, input * 10 + 1] : [];
      },
      (effect) => loop.dispatch(effect),
    );
    loop.dispatch(1);
    loop.dispatch(2);
    deepEqual(handled, [1, 10, 11, 2, 20, 21]);
  });

  it('still works after an effect has thrown, and then handles the inputs that waited', () => {
    const performed: number[] = [];
    const loop = new EffectLoop<number, number>(
      (input) => [input],
      (effect) => {
        performed.push(effect);
        if (effect !== 1) return;
        loop.dispatch(2);
        throw new Error('no effect');
      },
    );
    throws(() => loop.dispatch(1), /no effect/);
    loop.dispatch(3);
    deepEqual(performed, [1, 2, 3]);
  });
});
