import { type EtcdError, escapeControls } from '../../errors/index.js';
import { debug, info, type LogLine } from '../log.js';
import { defineTopic } from '../topic.js';

/**
 * An event of `etcd-naming:connection`: the connections to the client's members. A call to an endpoint that the caller
 * names, such as `maintenance.status()`, has a connection of its own, which is not published.
 */
export type ConnectionDiagnostics =
  | {
      /**
       * `connected`: a connection to the member was made: its server speaks HTTP/2, after the TLS handshake if there is one.
       * `disconnected`: a connection was lost, or closed because nothing used it for 30 minutes. One that the client closes
       * at its own end, or after its member left the list, is not published.
       */
      readonly type: 'connected' | 'disconnected';
      /** The member's endpoint, as in the client's options. */
      readonly endpoint: string;
    }
  | {
      /**
       * An attempt to connect failed. It is repeated after a pause; a failure with the same text as the one before it is
       * not published again.
       */
      readonly type: 'failed';
      /** The member's endpoint. */
      readonly endpoint: string;
      /** What failed. */
      readonly error: EtcdError;
    }
  | {
      /** A connection answers no requests, although it is not lost. New calls get another one. */
      readonly type: 'replaced';
      /** The member's endpoint. */
      readonly endpoint: string;
    };

export const connectionTopic = defineTopic<ConnectionDiagnostics>('connection', describe);

function describe(event: ConnectionDiagnostics): LogLine {
  switch (event.type) {
    case 'connected':
      return debug(`connected to ${event.endpoint}`);
    case 'disconnected':
      return info(`the connection to ${event.endpoint} was lost`);
    case 'failed':
      return info(escapeControls(`cannot connect to ${event.endpoint}: ${event.error.message}`));
    case 'replaced':
      return info(`the connection to ${event.endpoint} answers no requests: new calls get another one`);
  }
}
