import { type Lock, op } from '#src/index.js';
import { type LoadContext, pause, repeat } from './load.js';

const ttlSeconds = 10;
const waitMs = 60_000;

/** Three workers take one of two locks in turns, write while they hold it, and release it. */
export async function takeLocks(context: LoadContext): Promise<void> {
  const holders = new Map<string, Lock>();
  const workers = Array.from({ length: 3 }, () =>
    repeat(context, [50, 300], () =>
      takeLock(context, `soak/locks/${context.random.between(0, 1)}`, holders),
    ),
  );
  await Promise.all(workers);
}

async function takeLock(context: LoadContext, name: string, holders: Map<string, Lock>): Promise<void> {
  const { client, counts, random, signal } = context;
  await using lock = await client.lock(name, { ttlSeconds, timeoutMs: waitMs, signal });
  counts.locksAcquired++;
  // Both are evaluated in one turn of the event loop, so a pause of the process cannot separate them.
  if (holders.get(name)?.held && lock.held) counts.sharedLocks++;
  holders.set(name, lock);
  try {
    await pause(random.between(20, 150), lock.signal);
    await lock.txn({ success: [op.put(`${name}-log`, String(lock.token))] });
  } finally {
    if (holders.get(name) === lock) holders.delete(name);
  }
}

/** Two candidates lead in turns. */
export async function campaign(context: LoadContext): Promise<void> {
  const candidates = ['one', 'two'].map((value) => repeat(context, [10, 200], () => lead(context, value)));
  await Promise.all(candidates);
}

async function lead({ client, counts, random, signal }: LoadContext, value: string): Promise<void> {
  for await (const term of client.election.campaign('soak/election', value, { ttlSeconds, signal })) {
    counts.termsWon++;
    await pause(random.between(300, 1_500), term.signal);
    await term.proclaim(`${value}, ${counts.termsWon}`);
    await term.resign();
  }
}
