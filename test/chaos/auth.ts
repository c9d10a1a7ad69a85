import type { EtcdClusterHandle } from '#src/testing/index.js';
import type { Etcdctl } from './etcdctl.js';

/** Keys that the clients' user may not read. Many, because a client reads a refused key on its own from then on. */
export const refusedKeys = Array.from({ length: 200 }, (_, i) => `x/${i}`);

const readable = ['r/', 'c/', 'd/', 'p/', 'l/'];
const password = 'of a cluster that ends with the run';

/** Enables authentication, and returns the user of the clients. `etcdctl` is root from then on. */
export async function enableAuth(
  { endpoints }: EtcdClusterHandle,
  etcdctl: Etcdctl,
): Promise<{ readonly username: string; readonly password: string }> {
  const run = (...args: string[]) => etcdctl.run(endpoints, ...args);
  await run('user', 'add', `root:${password}`);
  await run('user', 'grant-role', 'root', 'root');
  await run('user', 'add', `worker:${password}`);
  await run('role', 'add', 'worker');
  for (const prefix of readable)
    await run('role', 'grant-permission', '--prefix', 'worker', 'readwrite', prefix);
  await run('user', 'grant-role', 'worker', 'worker');
  await run('auth', 'enable');
  etcdctl.authenticate('root', password);
  return { username: 'worker', password };
}
