import { type Alarm, type ClusterMember, type EtcdClient, EtcdError } from '../../../index.js';
import { messageWithoutCode } from '../../errors.js';
import { inParallel } from '../../parallel.js';
import type { MembersReply } from '../protocol/index.js';
import { type MemberProbe, toMemberRows } from './member-rows.js';

type ClusterCalls = Pick<EtcdClient, 'cluster' | 'maintenance'>;

/** Of each request: a member that does not answer must not delay the others. */
const timeoutMs = 2_000;
const concurrency = 16;
/** A cluster has at most nine members or so, each with an URL or two. */
const maxUrls = 64;

/** Reads the member list, and asks each member for its state. */
export class MemberReader {
  readonly #client: ClusterCalls;
  readonly #endpoints: readonly string[];

  /** @param endpoints asked besides the URLs of the list. */
  constructor(client: ClusterCalls, endpoints: readonly string[]) {
    this.#client = client;
    this.#endpoints = endpoints;
  }

  /** Rejects with nothing: what could not be read is an error in the reply. */
  async read(): Promise<MembersReply> {
    const [list, alarms] = await Promise.all([listMembers(this.#client), readAlarms(this.#client)]);
    const urls = list.members.flatMap(({ clientUrls }) => clientUrls);
    const probes = await this.#probeAll([...new Set([...urls, ...this.#endpoints])].slice(0, maxUrls));
    const errors = [list.error, alarms.error].filter((error) => error !== undefined);
    return {
      members: toMemberRows(list.members, probes, alarms.alarms),
      ...(errors.length > 0 ? { error: errors.join('; ') } : {}),
    };
  }

  async #probeAll(urls: readonly string[]): Promise<MemberProbe[]> {
    const probes: MemberProbe[] = [];
    await inParallel(urls, concurrency, async (url) => {
      probes.push(await this.#probe(url));
    });
    return probes;
  }

  async #probe(url: string): Promise<MemberProbe> {
    const start = performance.now();
    try {
      const status = await this.#client.maintenance.status(url, { timeoutMs });
      return { url, latencyMs: performance.now() - start, status };
    } catch (error) {
      return { url, error };
    }
  }
}

interface MemberList {
  readonly members: readonly ClusterMember[];
  readonly error?: string;
}

/** Without a quorum, the list is that of one member. */
async function listMembers({ cluster }: ClusterCalls): Promise<MemberList> {
  try {
    return await cluster.list({ timeoutMs });
  } catch {
    return listOfOneMember(cluster);
  }
}

async function listOfOneMember(cluster: ClusterCalls['cluster']): Promise<MemberList> {
  try {
    const { members } = await cluster.list({ serializable: true, timeoutMs });
    return {
      members,
      error: 'the list is that of one member and may be stale: the cluster did not confirm it',
    };
  } catch (error) {
    return { members: [], error: `the members could not be listed: ${textOf(error)}` };
  }
}

/** The alarms; undefined if they could not be read. */
async function readAlarms({
  maintenance,
}: ClusterCalls): Promise<{ readonly alarms: readonly Alarm[] | undefined; readonly error?: string }> {
  try {
    return { alarms: await maintenance.alarms({ timeoutMs }) };
  } catch (error) {
    return { alarms: undefined, error: `the alarms could not be read: ${textOf(error)}` };
  }
}

/** @throws what is not an error of etcd or its client: a defect. */
function textOf(error: unknown): string {
  if (error instanceof EtcdError) return messageWithoutCode(error);
  throw error;
}
