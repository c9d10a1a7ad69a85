import { type EtcdError, escapeControls } from '../../errors/index.js';
import { debug, info, type LogLine, warn } from '../log.js';
import { defineTopic } from '../topic.js';

/**
 * Why a token was requested. `initial`: there was none; `expiring`: the token ends soon; `refused`: etcd refused it;
 * `replaced-store`: members leave requests with it unanswered, as they do with a token of a store that was replaced.
 */
export type TokenCause = 'initial' | 'expiring' | 'refused' | 'replaced-store';

/**
 * An event of `etcd-naming:token`: the token of a client with credentials. It never contains the token, the password, or
 * the text of an error that a token or password provider threw.
 */
export type TokenDiagnostics =
  | {
      /** A token was obtained. */
      readonly type: 'renewed';
      /** Why it was requested; see {@link TokenCause}. */
      readonly cause: TokenCause;
      /** The number of tokens that the client has used, this one included. */
      readonly generation: number;
      /** How long the request took, in milliseconds, without the pause before it. */
      readonly durationMs: number;
    }
  | {
      /**
       * No newer token exists: the provider returned the present one (`unchanged`), or authentication is disabled in etcd,
       * and requests are sent without a token (`not-needed`).
       */
      readonly type: 'unchanged' | 'not-needed';
      /** Why it was requested; see {@link TokenCause}. */
      readonly cause: TokenCause;
      /** How long the request took, in milliseconds. */
      readonly durationMs: number;
    }
  | {
      /** No token could be obtained. */
      readonly type: 'failed';
      /** Why it was requested; see {@link TokenCause}. */
      readonly cause: TokenCause;
      /** What failed. */
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
    case 'unchanged':
      return debug(`the provider returned the present token again ${after}`);
    case 'not-needed':
      return info(`authentication is disabled in etcd, so no token is sent: found out ${after}`);
    case 'failed':
      return warn(escapeControls(`no token was obtained ${after}: ${event.error.message}`));
  }
}
