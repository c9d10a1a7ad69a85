import { openChannel } from './channel.js';
import type { ClientDiagnostics } from './client-diagnostics.js';
import type { ClientMetrics } from './metrics.js';

/**
 * The message of `etcd-naming:metrics`: a request for the metrics of all open clients of the process. Publish it; each
 * client has called `report` when `publish` returns.
 */
export interface MetricsRequest {
  /** Receives the metrics of one client. Must not throw. */
  report(metrics: ClientMetrics): void;
}

export const metricsChannel = openChannel<MetricsRequest>('metrics');

/** A client that is dropped without `close()` can be collected. */
const open = new Set<WeakRef<ClientDiagnostics>>();

/** Includes a client in the answers to requests for metrics, until the returned function is called. */
export function addOpenClient(diagnostics: ClientDiagnostics): () => void {
  if (open.size === 0) metricsChannel.subscribe(reportAll);
  const reference = new WeakRef(diagnostics);
  open.add(reference);
  return () => remove(reference);
}

/** Ignores other messages: anything can publish on the channel. */
function reportAll(message: unknown): void {
  if (!isRequest(message)) return;
  for (const reference of open) {
    const diagnostics = reference.deref();
    if (diagnostics) message.report(diagnostics.metrics());
    else remove(reference);
  }
}

function isRequest(message: unknown): message is MetricsRequest {
  return typeof (message as Partial<MetricsRequest> | null | undefined)?.report === 'function';
}

function remove(reference: WeakRef<ClientDiagnostics>): void {
  if (open.delete(reference) && open.size === 0) metricsChannel.unsubscribe(reportAll);
}
