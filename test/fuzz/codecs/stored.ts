import { EtcdClient } from '#src/client/index.js';
import { startEtcd } from '#src/testing/index.js';
import { Random } from '../../sim/random.js';
import type { FuzzOptions, FuzzResult, FuzzTarget } from '../target.js';
import { FollowedFormat } from './followed-format.js';
import { FollowedUnion } from './followed-union.js';
import { formats } from './formats.js';

const maxFailures = 20;
const valuesPerRound = 10;
/** etcd keeps all values until they are compacted. */
const roundsPerCompaction = 200;

/** As `codecs`, with a real etcd: through EndpointManager's list and watch, and through directories. */
export const storedCodecsTarget: FuzzTarget = {
  name: 'stored-codecs',
  about: 'stored values of every codec, in an etcd beside a valid endpoint, which every view must have',
  run: async ({ seconds, seed, onStart }) => {
    await using etcd = await startEtcd();
    await using client = new EtcdClient({ endpoints: etcd.endpoints });
    const end = performance.now() + seconds * 1_000;
    return await tryRounds(client, seed, () => performance.now() < end, onStart);
  },
};

/** Runs rounds with the services of all formats, on an etcd that has none of them. */
export async function tryRounds(
  client: EtcdClient,
  seed: number,
  shouldContinue: (rounds: number) => boolean,
  onStart?: FuzzOptions['onStart'],
): Promise<FuzzResult> {
  const random = new Random(seed);
  const counts: Record<string, number> = {};
  const followed = await Promise.all(formats.map((format) => FollowedFormat.start(client, format)));
  const union = new FollowedUnion(client);
  const failures = () => [...followed, union].flatMap((one) => one.failures).slice(0, maxFailures);
  let rounds = 0;
  onStart?.(() => `${rounds} rounds, ${failures().length} failures`);
  try {
    for (; shouldContinue(rounds) && failures().length < maxFailures; rounds++) {
      const one = followed[rounds % followed.length]!;
      const marker = await one.round(random, valuesPerRound);
      const listed = await Promise.all(followed.map((other) => other.list()));
      await union.compare(listed, marker);
      const name = `endpoints of ${one.format.codec.name}`;
      counts[name] = (counts[name] ?? 0) + (listed[rounds % followed.length]?.length ?? 0);
      if (rounds % roundsPerCompaction === roundsPerCompaction - 1)
        await client.kv.compact((await client.kv.get('/')).revision);
    }
  } finally {
    await union.close();
    for (const one of followed) await one.close();
  }
  return { counts, figures: [`${rounds} rounds of ${valuesPerRound} values`], failures: failures() };
}
