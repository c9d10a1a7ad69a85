import { EndpointManager, type EtcdClient, ServiceDirectory } from '#src/index.js';
import { nowMs } from './clock.js';
import type { Command, ProcessConfig, Report } from './messages.js';

/** Follows the services and reports each view, until a command to unsubscribe. */
export function runViewer(
  client: EtcdClient,
  config: ProcessConfig,
  report: (message: Report) => void,
): void {
  const directory = new ServiceDirectory(client, { lossProtection: { protectionMs: config.protectionMs } });
  const unsubscribes = config.services.map((service) =>
    directory.follow(service, subscriber(service, report)),
  );
  for (const service of config.services) void reportRelists(client, service, report);
  process.on('message', (command: Command) => {
    if (command === 'unsubscribe') for (const unsubscribe of unsubscribes) unsubscribe();
    else void client.close();
    report({ type: 'unsubscribed', at: nowMs() });
  });
}

function subscriber(
  service: string,
  report: (message: Report) => void,
): Parameters<ServiceDirectory['follow']>[1] {
  return {
    onView: ({ endpoints, unconfirmed, invalid, revision }) => {
      report({
        type: 'view',
        service,
        at: nowMs(),
        revision: String(revision),
        records: endpoints.map(({ key, modRevision }) => [key, String(modRevision)]),
        unconfirmed: [...unconfirmed],
        invalid: [...invalid],
      });
    },
    onFailure: () => {},
  };
}

/** The events of an endpoint manager have the reason of a new listing; a directory's views do not. */
async function reportRelists(
  client: EtcdClient,
  service: string,
  report: (message: Report) => void,
): Promise<void> {
  try {
    for await (const event of new EndpointManager(client, service).watch()) {
      if (event.type === 'snapshot') report({ type: 'relisted', reason: event.reason, at: nowMs() });
    }
  } catch {
    // the client was closed
  }
}
