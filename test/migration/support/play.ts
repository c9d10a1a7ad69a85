import assert from 'node:assert/strict';
import { until } from '#src/testing/wait.js';
import { type Case, check, isRejection, type Side } from './case.js';
import type { Program } from './compile.js';
import { end, type Scene, type Stage } from './stage.js';

/** One of the two programs of a row. */
export interface Part {
  readonly side: Side;
  readonly code: string;
  readonly program: Program;
}

/** Runs a program and compares what it returns, prints and stores with its case. Returns how it ended. */
export async function play(stage: Stage, one: Case, part: Part, more: Scene): Promise<string> {
  await stage.prepare(one);
  const printed: unknown[] = [];
  const print = (value: unknown) => printed.push(Buffer.isBuffer(value) ? value.toString() : value);
  const work = async () => void printed.push('worked');
  const run = (scene: Scene) =>
    perform(stage, one, part, { scene: { ...scene, ...more, print, work }, printed });
  return part.side === 'etcd3' ? stage.withPeer(part.code, one, run) : stage.withOurs(part.code, one, run);
}

interface Performance {
  readonly scene: Scene;
  readonly printed: readonly unknown[];
}

async function perform(
  stage: Stage,
  one: Case,
  part: Part,
  { scene, printed }: Performance,
): Promise<string> {
  const outcome = stage.outcome(part.side, printed);
  const running = part.program(scene);
  const ended = running.then(
    () => 'succeeded',
    ({ message }: Error) => `failed: ${message.slice(message.lastIndexOf(': ') + 2)}`,
  );
  try {
    if (one.act) {
      await one.act(outcome, scene);
      await showsEffect(one, part, running, printed);
    } else if (!one.sameOutcome) {
      await check(expectedOf(one, part), running, outcome);
    }
    const end = one.sameOutcome ? await ended : 'as expected';
    await leftBehind(stage, one, part);
    return end;
  } finally {
    // A loop of this package over events ends with its client.
    if (part.side === 'etcd3' || !one.act) await end(await running.catch(() => undefined));
  }
}

function expectedOf(one: Case, { side }: Part) {
  return side in one ? one[side] : one.both;
}

/** After an act: the program fails, or prints. */
async function showsEffect(one: Case, part: Part, running: Promise<unknown>, printed: readonly unknown[]) {
  const expected = expectedOf(one, part);
  if (isRejection(expected)) return check(expected, running, undefined as never);
  const prints = part.side === 'etcd3' ? (one.etcd3Prints ?? one.prints) : one.prints;
  assert.ok(prints, 'the case says neither what is printed nor how it fails');
  await until(
    `${JSON.stringify(prints)} is printed`,
    { timeoutMs: 10_000 },
    () => printed.length >= prints.length,
  );
  assert.deepEqual(printed.slice(0, prints.length), prints);
}

async function leftBehind(
  stage: Stage,
  { stored, leaves, etcd3Leaves }: Case,
  { side }: Part,
): Promise<void> {
  if (stored) assert.deepEqual(await stage.stored(), stored);
  const access = side === 'etcd3' ? (etcd3Leaves ?? leaves) : leaves;
  if (access) assert.deepEqual(await stage.access.read(), access);
}
