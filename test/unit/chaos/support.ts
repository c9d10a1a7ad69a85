import assert from 'node:assert/strict';
import { check } from '../../chaos/check/index.js';
import type { Invariant } from '../../chaos/check/violation.js';
import { decode, encode } from '../../chaos/codec.js';
import type { History } from '../../chaos/history.js';

/** Asserts that the history violates this invariant and no other, also after it was saved and loaded. */
export function assertViolation(history: History, invariant: Invariant): void {
  const violations = check(history);
  const texts = violations.map((one) => `${one.invariant}: ${one.text}`).join('\n');
  assert.deepEqual([...new Set(violations.map((one) => one.invariant))], [invariant], texts);
  assert.deepEqual(check(decode(encode(history))), violations);
}

export function assertNoViolation(history: History): void {
  const texts = check(history).map(({ invariant, text }) => `${invariant}: ${text}`);
  assert.deepEqual(texts, []);
}
