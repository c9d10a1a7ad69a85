// What happens to etcd while endpoints leave.
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Each gets the wave, with `leaveAll`, and what the campaign runs. Resolves when the endpoints have left and the fault has
 * ended; `putKeepers` stores the endpoints that stay.
 */
export const faults = {
  none: ({ leaveAll }) => leaveAll(),

  restart: ({ leaveAll, faultAfterMs }, { etcd }) =>
    Promise.all([
      leaveAll(),
      (async () => {
        await sleep(faultAfterMs);
        await etcd.kill();
        await sleep(1_000);
        await etcd.restart();
      })(),
    ]),

  wipe: ({ leaveAll, faultAfterMs }, { etcd, putKeepers }) =>
    Promise.all([
      leaveAll(),
      (async () => {
        await sleep(faultAfterMs);
        await etcd.wipe();
        await putKeepers();
      })(),
    ]),

  /** The observers are cut off meanwhile, and cannot read the events later: what they see is a new list. */
  'cut off': async ({ leaveAll, departures }, { etcd, client, proxy }) => {
    proxy.refuse();
    await leaveAll();
    for (const { endpoint } of departures) while ((await client.kv.get(endpoint.key)).kv) await sleep(100);
    await etcd.compact();
    proxy.heal();
  },
};
