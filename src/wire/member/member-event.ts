import type { EtcdError } from '../../errors/index.js';
import type { MemberFailure } from '../call/retry-rule.js';

/** A change of a member's health or of the member list. Endpoints are written as in the client's options. */
export type MemberEvent =
  | {
      /** The member failed; calls use another member until a probe succeeds. */
      readonly type: 'member-unhealthy';
      /** The member's endpoint. */
      readonly endpoint: string;
      /** How it failed. */
      readonly failure: MemberFailure;
      /** The error of the failed call; undefined if the member was silent. */
      readonly error?: EtcdError | undefined;
    }
  | {
      /** A probe or a call succeeded; calls may use the member again. */
      readonly type: 'member-recovered';
      /** The member's endpoint. */
      readonly endpoint: string;
    }
  | {
      /** A sync or the answers of DNS changed the list of members. */
      readonly type: 'members-changed';
      /** All endpoints in use after the change. */
      readonly endpoints: readonly string[];
    };
