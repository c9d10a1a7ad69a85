import type { Side } from '../support/compile.js';

/** How the programs of from-go.md become modules. */
export const ourSide: Side = {
  imports: `
import { channelTarget, ClosedError, Code, CompactedError, compare, DeadlineError, decode, EndpointManager, EtcdClient } from '@org/etcd-naming';
import { EtcdError, type HeldLease, LeaseNotFoundError, type Lock, op, PermissionDeniedError } from '@org/etcd-naming';
import { registerEtcdResolver, type Term, UnauthenticatedError } from '@org/etcd-naming';`,
  scene: `
  client: EtcdClient;
  manager: EndpointManager;
  lease: HeldLease;
  leaseId: bigint;
  revision: bigint;
  term: Term;
  lock: Lock;
  password: string;
`,
};
