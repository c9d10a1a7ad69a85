import type { EtcdClient } from '../../../index.js';
import { raceAbort } from '../../../internal.js';
import type { Backend } from '../ports.js';
import type { LeasesReply, LeasesRequest, MembersReply } from '../protocol/index.js';
import { LeaseLookups } from './lease-lookups.js';
import { MemberReader } from './member-reader.js';
import { SharedResults } from './shared-results.js';

export interface ClusterOptions {
  readonly client: Pick<EtcdClient, 'lease' | 'cluster' | 'maintenance'>;
  /** The endpoints of the client: they may reach members whose own URLs are not reachable from here. */
  readonly endpoints: readonly string[];
}

const maxMembersAgeMs = 2_000;

/** The state of leases and members. Pages share the requests to etcd, and answers for a second or two. */
export class ClusterState implements Pick<Backend, 'leases' | 'members'> {
  readonly #leases: LeaseLookups;
  readonly #reader: MemberReader;
  readonly #members = new SharedResults<MembersReply>({ maxAgeMs: maxMembersAgeMs, maxCount: 1 });

  constructor({ client, endpoints }: ClusterOptions) {
    this.#leases = new LeaseLookups(client);
    this.#reader = new MemberReader(client, endpoints);
  }

  leases(request: LeasesRequest, signal: AbortSignal): Promise<LeasesReply> {
    return this.#leases.read(request, signal);
  }

  members(signal: AbortSignal): Promise<MembersReply> {
    return raceAbort(
      this.#members.get('', () => this.#reader.read()),
      signal,
    );
  }
}
