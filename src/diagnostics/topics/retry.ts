import { type EtcdError, escapeControls } from '../../errors/index.js';
import { debug, type LogLine } from '../log.js';
import { defineTopic } from '../topic.js';

/** An event of `etcd-naming:retry`: an attempt of a call failed, and the call is sent again now. */
export interface RetryDiagnostics {
  /** The service, such as `etcdserverpb.KV`. */
  readonly service: string;
  /** The method, such as `Put`. */
  readonly method: string;
  /** The number of the attempt that failed, from 1, of those that were sent. */
  readonly attempt: number;
  /** The endpoint of the member that the attempt was sent to. */
  readonly endpoint: string;
  /** The error of the attempt. */
  readonly error: EtcdError;
}

export const retryTopic = defineTopic<RetryDiagnostics>('retry', describe);

function describe({ method, attempt, endpoint, error }: RetryDiagnostics): LogLine {
  return debug(
    escapeControls(
      `attempt ${attempt} of ${method} on ${endpoint} failed, and another is sent: ${error.message}`,
    ),
  );
}
