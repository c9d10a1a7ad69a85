import { setTimeout as sleep } from 'node:timers/promises';

// What etcd counts of the requests of its clients.

const quietMs = 30;

/** Renewals depend on the time that passes, not on the handovers. */
const counted =
  /^grpc_server_msg_received_total\{.*grpc_method="(\w+)",grpc_service="etcdserverpb\.(KV|Lease|Watch)"/;

/** The number of messages that etcd has received, by method, without renewals of leases. */
export async function requestCounts(etcd) {
  const counts = new Map();
  for (const line of (await etcd.metrics()).split('\n')) {
    const method = counted.exec(line)?.[1];
    if (method === undefined || method === 'LeaseKeepAlive') continue;
    counts.set(method, (counts.get(method) ?? 0) + Number(line.slice(line.lastIndexOf(' ') + 1)));
  }
  return counts;
}

/** Resolves to the counts once none has changed for a while. */
export async function settledCounts(etcd) {
  for (let last = await requestCounts(etcd); ; ) {
    await sleep(quietMs);
    const now = await requestCounts(etcd);
    if (totalOf(now) === totalOf(last)) return now;
    last = now;
  }
}

export function totalOf(counts) {
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}

/** What was counted between the two, by method. */
export function requestsBetween(before, after) {
  return new Map(
    [...after]
      .map(([method, count]) => [method, count - (before.get(method) ?? 0)])
      .filter(([, count]) => count > 0),
  );
}
