import type { Random } from '../../sim/random.js';
import type { NamedGrpcProxy } from '../grpc-proxies.js';
import type { ActiveFault, Fault, FaultContext } from './fault.js';
import { clientsOf } from './link-faults.js';

export const grpcProxyFaultNames = ['kill-proxy', 'pause-proxy'] as const;
type GrpcProxyFaultName = (typeof grpcProxyFaultNames)[number];

type BreakProxy = (proxy: NamedGrpcProxy) => Promise<() => Promise<void>>;

const actions: Readonly<Record<GrpcProxyFaultName, BreakProxy>> = {
  async 'kill-proxy'({ process }) {
    await process.kill();
    return () => process.restart();
  },
  'pause-proxy'({ process }) {
    process.pause();
    return Promise.resolve(() => {
      process.resume();
      return Promise.resolve();
    });
  },
};

/** Faults of the processes between clients and members; none if there are none. */
export function grpcProxyFaults(proxies: readonly NamedGrpcProxy[]): readonly Fault[] {
  if (proxies.length === 0) return [];
  return grpcProxyFaultNames.map((name) => ({
    name,
    durationMs: [300, 2_500],
    begin: (context, random) => begin(actions[name], proxies, context, random),
  }));
}

async function begin(
  breakIt: BreakProxy,
  proxies: readonly NamedGrpcProxy[],
  { links }: FaultContext,
  random: Random,
): Promise<ActiveFault> {
  const proxy = random.pick(proxies);
  const heal = await breakIt(proxy);
  const end = async () => {
    await heal();
    return { tookEffect: true };
  };
  const clients = clientsOf(links.filter(({ server }) => server === proxy.name));
  return { target: proxy.name, clients, end };
}
