import { type EtcdError, escapeControls } from '../../errors/index.js';
import { debug, type LogLine } from '../log.js';
import { defineTopic } from '../topic.js';

/** An event of `etcd-naming:connection`: the connections to members. */
export type ConnectionDiagnostics =
  | {
      /** A connection to the member was made, or lost. */
      readonly type: 'connected' | 'disconnected';
      /** The member's endpoint, as in the client's options. */
      readonly endpoint: string;
    }
  | {
      /** An attempt to connect failed. It is repeated after a pause. */
      readonly type: 'failed';
      /** The member's endpoint, as in the client's options. */
      readonly endpoint: string;
      /** Why it failed. */
      readonly error: EtcdError;
    };

export const connectionTopic = defineTopic<ConnectionDiagnostics>('connection', describe);

function describe(event: ConnectionDiagnostics): LogLine {
  switch (event.type) {
    case 'connected':
      return debug(`connected to ${event.endpoint}`);
    case 'disconnected':
      return debug(`the connection to ${event.endpoint} was lost`);
    case 'failed':
      return debug(escapeControls(`cannot connect to ${event.endpoint}: ${event.error.message}`));
  }
}
