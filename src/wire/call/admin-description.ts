import type { RequestDescription } from '../../errors/index.js';
import { formatMemberId, printable } from '../../model/index.js';
import { paths } from '../paths.js';

type Described = Pick<RequestDescription, 'subject'>;

interface AdminRequest {
  readonly name?: string;
  readonly user?: string;
  readonly role?: string;
  readonly ID?: bigint;
  readonly targetID?: bigint;
  readonly peerURLs?: readonly string[];
}

/** Names the user, role or member of a request to the Auth, Cluster or Maintenance service. Never a password. */
export function describeAdmin(path: string, request: unknown): Described {
  const { name, user, role, ID, targetID, peerURLs } = (request ?? {}) as AdminRequest;
  switch (path) {
    case paths.userAdd:
    case paths.userGet:
    case paths.userDelete:
    case paths.userChangePassword:
    case paths.userRevokeRole:
      return named('user', name);
    case paths.userGrantRole:
      return named('user', user);
    case paths.roleAdd:
    case paths.roleGrantPermission:
      return named('role', name);
    case paths.roleGet:
    case paths.roleDelete:
    case paths.roleRevokePermission:
      return named('role', role);
    case paths.memberAdd:
      return { subject: peerURLs?.map(printable).join(', ') ?? '' };
    case paths.memberRemove:
    case paths.memberUpdate:
    case paths.memberPromote:
      return { subject: `member ${formatMemberId(ID ?? 0n)}` };
    case paths.moveLeader:
      return { subject: `to member ${formatMemberId(targetID ?? 0n)}` };
    default:
      return {};
  }
}

function named(what: string, name = ''): Described {
  return { subject: `${what} '${printable(name)}'` };
}
