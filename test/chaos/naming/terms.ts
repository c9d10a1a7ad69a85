import { GatewayClient } from '#src/testing/gateway-client.js';
import type { EtcdClusterHandle } from '#src/testing/index.js';
import type { Resources } from '../resources.js';
import { nowMs } from './clock.js';
import type { HistoryRecorder } from './history-recorder.js';

const intervalMs = 300;

/** Records each rise of the members' raft term. */
export function recordTerms(
  { members }: EtcdClusterHandle,
  recorder: HistoryRecorder,
  resources: Resources,
): void {
  const gateways = members.map(({ endpoint }) => new GatewayClient(endpoint));
  let highest = 0;
  let { journal } = recorder;
  let isPolling = false;
  const poll = async () => {
    if (isPolling) return;
    isPolling = true;
    const terms = gateways.map((gateway) =>
      gateway.status(intervalMs).then(
        ({ raftTerm }) => raftTerm,
        () => 0,
      ),
    );
    const term = Math.max(...(await Promise.all(terms)));
    isPolling = false;
    if (journal !== recorder.journal) [journal, highest] = [recorder.journal, 0]; // a new store starts at term 0
    if (term <= highest) return;
    highest = term;
    recorder.add({ kind: 'term', term, at: nowMs() });
  };
  const timer = setInterval(() => void poll(), intervalMs);
  resources.defer(() => clearInterval(timer));
}
