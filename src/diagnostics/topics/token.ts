import { type EtcdError, escapeControls } from '../../errors/index.js';
import { debug, type LogLine, warn } from '../log.js';
import { defineTopic } from '../topic.js';

/**
 * Why a token was requested. `initial`: there was none; `expiring`: the token ends soon; `refused`: etcd refused it;
 * `replaced-store`: it belongs to a store that was replaced.
 */
export type TokenCause = 'initial' | 'expiring' | 'refused' | 'replaced-store';

/** An event of `etcd-naming:token`: the token of a client with credentials. It never contains the token. */
export type TokenDiagnostics =
  | {
      /** A token was obtained. */
      readonly type: 'renewed';
      /** Why the token was requested. */
      readonly cause: TokenCause;
      /** The number of tokens that the client has obtained, this one included. */
      readonly generation: number;
      /** How long the request took, in milliseconds. */
      readonly durationMs: number;
    }
  | {
      /** No token could be obtained. */
      readonly type: 'failed';
      /** Why the token was requested. */
      readonly cause: TokenCause;
      /** Why there is no token. */
      readonly error: EtcdError;
      /** How long the request took, in milliseconds. */
      readonly durationMs: number;
    };

export const tokenTopic = defineTopic<TokenDiagnostics>('token', describe);

function describe(event: TokenDiagnostics): LogLine {
  const after = `after ${Math.round(event.durationMs)} ms (${event.cause})`;
  switch (event.type) {
    case 'renewed':
      return debug(`token ${event.generation} was obtained ${after}`);
    case 'failed':
      return warn(escapeControls(`no token was obtained ${after}: ${event.error.message}`));
  }
}
