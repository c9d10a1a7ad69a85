import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { secretsInUse } from './canary.js';

/** More objects than any message, error or handle refers to; one that refers to a client has more. */
const maxObjects = 5_000;

/** Fails if the value shows a registered secret in any form: as text, in JSON, in bytes, or by a member or a getter. */
export function assertClean(what: string, value: unknown): void {
  const text = `${spelledOut(value)}\n${membersOf(what, value)}`;
  const forms = secretsInUse().flatMap((secret) => [
    secret,
    Buffer.from(secret).toString('base64').slice(0, -4),
    Buffer.from(secret).toString('hex'),
    inspect(Buffer.from(secret)).slice(8, -2),
  ]);
  const found = forms.filter((secret) => secret.length >= 8 && text.includes(secret));
  // The message omits the text: it would print the secret, and the test runner searches the output for secrets.
  assert.equal(found.length, 0, `${what} shows a secret, in ${text.length} characters`);
}

/** Every text form of a value that a program, a log or a debugger could produce. */
function spelledOut(value: unknown): string {
  const parts = [
    inspect(value, {
      depth: Number.POSITIVE_INFINITY,
      showHidden: true,
      getters: true,
      maxStringLength: null,
    }),
    describe(() => String(value)),
    describe(() => JSON.stringify(value, (_, one) => (typeof one === 'bigint' ? `${one}` : one))),
  ];
  for (let error = value; error instanceof Error; error = error.cause) {
    parts.push(String(error), error.message, error.stack ?? '', JSON.stringify(error));
  }
  return parts.join('\n');
}

/** A value such as an object without a prototype has no text, and JSON refuses an object that refers to itself. */
function describe(text: () => string): string {
  try {
    return text();
  } catch (error) {
    return String(error);
  }
}

/** The texts and the bytes of every object that can be reached from the value, those of getters included. */
function membersOf(what: string, value: unknown): string {
  const texts: string[] = [];
  const seen = new Set<object>();
  const pending: unknown[] = [value];
  while (pending.length > 0) {
    const next = pending.pop();
    if (typeof next === 'string') texts.push(next);
    if (typeof next !== 'object' || next === null || seen.has(next)) continue;
    seen.add(next);
    assert.ok(seen.size <= maxObjects, `${what} refers to more than ${maxObjects} objects`);
    if (ArrayBuffer.isView(next)) {
      const bytes = Buffer.from(next.buffer, next.byteOffset, next.byteLength);
      texts.push(bytes.toString('latin1'), inspect(bytes));
    } else {
      if (next instanceof Map || next instanceof Set) pending.push(...[...next].flat());
      pending.push(...ownAndInherited(next));
    }
  }
  return texts.join('\n');
}

/** The values of the members of an object, and of the getters of its classes; a getter that throws has none. */
function ownAndInherited(object: object): unknown[] {
  const values: unknown[] = [];
  for (let level = object; level && !isBuiltIn(level); level = Object.getPrototypeOf(level)) {
    for (const name of Reflect.ownKeys(level)) {
      try {
        values.push(Reflect.get(object, name));
      } catch (error) {
        values.push(error);
      }
    }
  }
  return values;
}

/** A prototype of the language or of Node: its getters say nothing of an object of this package. */
function isBuiltIn(level: object): boolean {
  const maker = (level as { readonly constructor?: unknown }).constructor;
  if (typeof maker !== 'function' || maker.prototype !== level) return false;
  return Function.prototype.toString.call(maker).includes('[native code]');
}
