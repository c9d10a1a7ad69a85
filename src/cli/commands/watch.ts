import { EndpointManager } from '../../index.js';
import { codecFrom, codecOptions } from '../args/codec.js';
import { parseTargetArgument, type Target } from '../args/target.js';
import type { Command, Invocation } from '../command.js';
import { WatchedDepartures } from '../data/departures.js';
import { ifDefined } from '../data/if-defined.js';
import { exitCodes } from '../exit-codes.js';
import { usesColor } from '../output/color.js';
import { onSignals, terminationSignals } from '../signals.js';
import { JsonView } from '../views/json-view.js';
import { LineView } from '../views/line-view.js';
import { reportOutages } from '../views/outages.js';
import { TableView } from '../views/table-view.js';
import type { WatchView } from '../views/view.js';

export const watch: Command = {
  name: 'watch',
  usage: '<target>',
  summary: 'follow the endpoints of a service until interrupted',
  details: [
    'On a terminal it shows a live table; in a pipe it prints one line per change, with --json as JSON. The first event is a',
    'snapshot of all endpoints, and the following ones are changes. A later snapshot, after etcd’s history was lost,',
    'replaces everything before it. An outage of etcd is reported with its duration and does not end the watch; only at the',
    'start etcd must be reachable. While nothing changes, a line says so (unchanged), at intervals that grow to a minute,',
    'as do the lines of an outage: only a write shows that the reader of the pipe has exited. A removal has the reason, as far',
    'as it can be known: drained, deleted, lease-ended, store-replaced, invalid or unknown; for the lease etcd is asked, which',
    'delays the line by up to 3 s. SIGINT, SIGTERM and SIGHUP end the watch with 0.',
  ],
  options: codecOptions,
  examples: [
    'etcd-naming watch foo/bar/my-service',
    'etcd-naming watch foo/bar/my-service | grep removed',
    'etcd-naming watch foo/bar/my-service --json | jq -c "select(.type == \\"delta\\")"',
  ],
  positionalCount: [1, 1],
  async run(invocation) {
    const target = parseTargetArgument(invocation.positionals[0] ?? '', await codecFrom(invocation.options));
    const client = invocation.createClient();
    const manager = new EndpointManager(client, target.service, ifDefined('codec', target.codec));
    const ending = new AbortController();
    const removeHandlers = onSignals(terminationSignals, () => ending.abort());
    const { signal } = ending;
    let view: WatchView | undefined;
    try {
      // A watch waits for etcd without a limit. This read fails, so that a mistyped address is reported.
      await client.kv.range({ prefix: target.prefix }, { limit: 1, keysOnly: true, signal });
      view = createView(invocation, target);
      void reportOutages(client, target.prefix, view);
      const departures = new WatchedDepartures(client, signal);
      for await (const event of manager.watch({ signal }))
        view.onEvent(event, await departures.removals(event));
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      view?.close();
      removeHandlers();
    }
    return exitCodes.ok;
  },
};

function createView({ io: { stdout, env }, format }: Invocation, target: Target): WatchView {
  const isWide = format === 'wide';
  if (format === 'json') return new JsonView(stdout, target);
  if (!stdout.isTTY) return new LineView(stdout, target, isWide);
  return new TableView(stdout, target, { isWide, useColor: usesColor(stdout, env) });
}
