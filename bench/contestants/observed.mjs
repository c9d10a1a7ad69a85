// A build of this package, with what observes it.
import { pathToFileURL } from 'node:url';
import { observers } from '../observability/observers.mjs';
import { contestantOf } from './client.mjs';

/**
 * @param dist the folder of the build
 * @param observer the name of what observes it
 */
export async function open(address, { dist, observer, ...clientOptions }) {
  const folder = pathToFileURL(`${dist}/`);
  const entry = await import(new URL('index.js', folder));
  const observed = await observers[observer](entry, folder);
  const contestant = contestantOf(new entry.EtcdClient({ endpoints: [address], ...clientOptions }));
  return {
    ...contestant,
    async close() {
      await contestant.close();
      await observed?.close();
    },
  };
}
