import { longestTimerMs } from '../async/index.js';
import { checkSupported } from './binary/supported.js';
import { EtcdStartError, isAddressInUse, reasonOf } from './errors.js';
import type { EtcdPlan, EtcdRuntime, PlanOptions } from './etcd-node.js';
import type { NodeContext } from './local-etcd.js';
import type { Settings } from './options.js';
import { orAborted } from './wait.js';

const PORT_ATTEMPTS = 5;

/** Nodes that answer, with the data for their handles. */
export interface Launched {
  readonly plan: EtcdPlan;
  readonly context: NodeContext;
}

/**
 * Starts `count` nodes together on fresh ports. With several test processes, a port that was free may be taken before
 * etcd binds it, so the start is retried on other ports.
 */
export async function launch(
  runtime: EtcdRuntime,
  count: number,
  settings: Settings,
  options?: PlanOptions,
): Promise<Launched> {
  // A starting etcd does not keep the process alive, and possibly nothing else does.
  const keepAlive = setInterval(() => {}, longestTimerMs);
  try {
    return await tryPorts(runtime, count, settings, options);
  } catch (error) {
    settings.signal?.throwIfAborted();
    if (error instanceof EtcdStartError) throw error;
    throw new EtcdStartError(`etcd could not be started: ${reasonOf(error)}`, { cause: error });
  } finally {
    clearInterval(keepAlive);
  }
}

async function tryPorts(
  runtime: EtcdRuntime,
  count: number,
  settings: Settings,
  options: PlanOptions | undefined,
): Promise<Launched> {
  for (let attempt = 1; ; attempt++) {
    settings.signal?.throwIfAborted();
    const plan = await runtime.plan(count, options);
    try {
      return await startAll(runtime, plan, settings);
    } catch (error) {
      await plan.dispose();
      if (!isAddressInUse(error) || attempt === PORT_ATTEMPTS) throw error;
    }
  }
}

async function startAll(runtime: EtcdRuntime, plan: EtcdPlan, settings: Settings): Promise<Launched> {
  const limits = { timeoutMs: settings.startTimeoutMs, signal: settings.signal };
  await Promise.all(plan.nodes.map((node) => node.start(limits)));
  const [first] = plan.nodes;
  if (!first) throw new EtcdStartError('a cluster has at least one member');
  const version = await orAborted(settings.signal, first.gateway.version());
  checkSupported(version, runtime.source === 'docker' ? settings.image : runtime.source);
  const { security } = settings;
  const gateways = plan.nodes.map(({ gateway }) => gateway);
  const prepareStore = async (signal: AbortSignal | undefined) => security.users?.createIn(gateways, signal);
  await orAborted(settings.signal, prepareStore(settings.signal));
  const dispose = () => plan.dispose();
  return { plan, context: { runtime, version, limits, security, prepareStore, dispose } };
}
