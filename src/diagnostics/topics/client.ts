import { debug, type LogLine } from '../log.js';
import type { ClientMetrics } from '../metrics.js';
import { defineTopic } from '../topic.js';

/** An event of `etcd-naming:client`: the first and the last one of a client. */
export type ClientLifecycleDiagnostics =
  | {
      /** The client was made. Nothing has been sent yet. */
      readonly type: 'opened';
      /** The endpoints, as in the client's options; none with `discovery`. They have no credentials. */
      readonly endpoints: readonly string[];
    }
  | {
      /** `close()` has closed the connections. From now on `etcd-naming:metrics` does not report the client. */
      readonly type: 'closed';
      /** The final metrics. */
      readonly metrics: ClientMetrics;
    };

export const clientTopic = defineTopic<ClientLifecycleDiagnostics>('client', describe);

function describe(event: ClientLifecycleDiagnostics): LogLine {
  switch (event.type) {
    case 'opened':
      return debug(`the client is open: ${event.endpoints.join(', ') || 'its endpoints are discovered'}`);
    case 'closed':
      return debug(
        `the client is closed: ${event.metrics.calls.attempts} attempts, ${event.metrics.calls.failures} failures`,
      );
  }
}
