import { noOptions } from '../model/index.js';
import type { EtcdHandle } from './etcd-handle.js';
import { launch } from './launch.js';
import { LocalEtcd } from './local-etcd.js';
import { checkStart, resolveSettings, type StartEtcdOptions } from './options.js';
import { connectExternal } from './sources/external.js';
import { findRuntime } from './sources/find.js';

/**
 * Starts an etcd for a test, from the first available source: see {@link StartEtcdOptions.source} for the order. Resolves
 * when it answers `/health`, usually within half a second for a binary.
 *
 * @throws EtcdStartError when no source is available or etcd does not start; the text says what to do.
 * @example
 * ```ts
 * await using etcd = await startEtcd();
 * await using client = new EtcdClient({ endpoints: etcd.endpoints });
 * await client.kv.put('greeting', 'hello');
 * await etcd.kill(); // what does your program do now?
 * await etcd.restart();
 * ```
 */
export async function startEtcd(options: StartEtcdOptions = noOptions): Promise<EtcdHandle> {
  checkStart(options);
  const settings = resolveSettings(options);
  settings.signal?.throwIfAborted();
  if (settings.source === 'external') return connectExternal(settings);
  const { plan, context } = await launch(await findRuntime(settings), 1, settings);
  const [node] = plan.nodes;
  if (!node) throw new Error('a launch of one node has one node');
  return new LocalEtcd(node, context);
}
