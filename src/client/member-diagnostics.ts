import { type ClientDiagnostics, type MemberDiagnostics, memberTopic } from '../diagnostics/index.js';
import type { EtcdError } from '../errors/index.js';
import type { MemberEvent } from '../wire/index.js';

/** A change of a member or of the list, or a failure to read the list or to resolve a name. */
export type MemberStatus =
  | MemberEvent
  | { readonly type: 'sync-failed' | 'resolution-failed'; readonly error: EtcdError };

/** Publishes what happens to the members of a client. */
export function publishMember(diagnostics: ClientDiagnostics, status: MemberStatus): void {
  if (diagnostics.wants(memberTopic)) diagnostics.publish(memberTopic, asDiagnostics(status));
}

function asDiagnostics(status: MemberStatus): MemberDiagnostics {
  switch (status.type) {
    case 'member-unhealthy': {
      const { endpoint, failure, error } = status;
      return { type: 'unhealthy', endpoint, failure, error };
    }
    case 'member-recovered':
      return { type: 'recovered', endpoint: status.endpoint };
    case 'members-changed':
      return { type: 'list-changed', endpoints: status.endpoints };
    case 'sync-failed':
    case 'resolution-failed':
      return status;
  }
}
