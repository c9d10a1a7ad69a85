import { escapeControls } from '../../errors/index.js';
import { debug, type LogLine, warn } from '../log.js';
import { defineTopic } from '../topic.js';

/** An event of `etcd-naming:resolver`: what the resolver of a channel gave to grpc-js. */
export type ResolverDiagnostics =
  | {
      /** A list of endpoints. */
      readonly type: 'endpoints';
      /** The service of the channel. In a namespace, its prefix comes first. */
      readonly target: string;
      /** The name of the codec, of several separated by commas; absent for the format of Go. */
      readonly codec?: string;
      /** How many endpoints the list has. */
      readonly endpoints: number;
    }
  | {
      /** No endpoints: calls fail with the text until there are some. */
      readonly type: 'unavailable';
      /** The service of the channel. In a namespace, its prefix comes first. */
      readonly target: string;
      /** The name of the codec, of several separated by commas; absent for the format of Go. */
      readonly codec?: string;
      /** The text that the calls fail with. */
      readonly text: string;
    };

export const resolverTopic = defineTopic<ResolverDiagnostics>('resolver', describe);

function describe(event: ResolverDiagnostics): LogLine {
  const channel = escapeControls(`a channel to '${event.target}'${event.codec ? ` (${event.codec})` : ''}`);
  switch (event.type) {
    case 'endpoints':
      return debug(`${channel} has ${event.endpoints} endpoints`);
    case 'unavailable':
      return warn(escapeControls(`${channel} has no endpoints: ${event.text}`));
  }
}
