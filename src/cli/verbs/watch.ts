import { EndpointManager } from '../../index.js';
import type { Command, Invocation } from '../command.js';
import { exit } from '../exit-codes.js';
import { endSignals, onSignals } from '../signals.js';
import { readTarget, type Target } from '../target.js';
import { JsonView } from '../watching/json-view.js';
import { LineView } from '../watching/line-view.js';
import { tellOutages } from '../watching/outages.js';
import { TableView } from '../watching/table-view.js';
import type { WatchView } from '../watching/view.js';

export const watch: Command = {
  name: 'watch',
  takes: '<target>',
  summary: 'follow the endpoints of a service, until interrupted',
  details: [
    'On a terminal a table that is kept up to date; in a pipe a line for each change, with --json as JSON. The first tells',
    'all there is (snapshot), those behind it what changed; a later snapshot, when etcd’s history was lost, replaces',
    'all before. Outages of etcd are shown, with their age, and survived; only at the start etcd must be there. While',
    'nothing changes, a line says so (unchanged), ever more rarely, up to one a minute: only by writing is it noticed',
    'that a reader has left. SIGINT and SIGTERM end it with 0.',
  ],
  options: {},
  examples: [
    'etcd-naming watch foo/bar/my-service',
    'etcd-naming watch foo/bar/my-service | grep removed',
    'etcd-naming watch foo/bar/my-service --json | jq -c "select(.type == \\"delta\\")"',
  ],
  words: [1, 1],
  async run(call) {
    const target = readTarget(call.words[0] ?? '');
    const client = call.connect();
    const manager = new EndpointManager(client, target.service);
    const ending = new AbortController();
    const release = onSignals(endSignals, () => ending.abort());
    const { signal } = ending;
    let view: WatchView | undefined;
    try {
      // A watch waits for ever for what is not there; somebody who mistyped an address must hear of it.
      await client.kv.range({ prefix: target.prefix }, { limit: 1, keysOnly: true, signal });
      view = viewFor(call, target);
      void tellOutages(client, target.prefix, view);
      for await (const event of manager.watch({ signal })) view.event(event);
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      view?.end();
      release();
    }
    return exit.ok;
  },
};

function viewFor({ io: { stdout }, options }: Invocation, target: Target): WatchView {
  if (options.flag('json')) return new JsonView(stdout, target);
  return stdout.isTTY ? new TableView(stdout, target) : new LineView(stdout, target);
}
