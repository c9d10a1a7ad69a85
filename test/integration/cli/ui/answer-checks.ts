import assert from 'node:assert/strict';
import { type Answer, codeOf } from './raw-http.js';

/** Checks what each answer must have, and what none may have. */
export function assertHardened({ headers, body }: Answer): void {
  const policy = String(headers['content-security-policy']);
  assert.match(
    policy,
    /default-src 'none'; script-src 'self'; .*frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'$/,
  );
  assert.doesNotMatch(policy, /unsafe|\*/);
  const names = ['x-content-type-options', 'referrer-policy', 'cache-control', 'x-frame-options'];
  const isolation = ['cross-origin-opener-policy', 'cross-origin-resource-policy'];
  assert.deepEqual(
    [...names, ...isolation].map((name) => headers[name]),
    ['nosniff', 'no-referrer', 'no-store', 'DENY', 'same-origin', 'same-origin'],
  );
  const forbidden = ['strict-transport-security', 'set-cookie', 'server', 'x-powered-by'];
  for (const name of Object.keys(headers))
    assert.ok(!forbidden.includes(name) && !name.startsWith('access-control-'), name);
  assert.doesNotMatch(body, /\/work\/|node:|at .*\.js|file:/);
}

/** Checks that a request was refused with a status and a code, by an answer that is hardened. */
export function assertRefused(answer: Answer, status: number, code: string): void {
  assert.deepEqual([answer.status, codeOf(answer)], [status, code]);
  assertHardened(answer);
}

/** Checks that the bytes of a connection are one answer, which closes it. */
export function assertAnswered(text: string, status: number): void {
  assert.match(text, new RegExp(`^HTTP/1\\.1 ${status} `));
  assert.match(text, /content-security-policy: default-src 'none'/i);
  assert.match(text, /x-content-type-options: nosniff/i);
  assert.match(text, /connection: close/i);
  assert.equal(text.split('HTTP/1.1').length, 2, 'there is one answer');
}
