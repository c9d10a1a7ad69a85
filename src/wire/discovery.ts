import { EtcdError } from '../errors/index.js';
import { type MemberAddress, parseEndpoints } from './endpoints.js';

/** A member as etcd's member list has it. */
export interface ListedMember {
  /** Empty while the member has not started. */
  readonly name: string;
  readonly clientURLs: readonly string[];
  readonly isLearner: boolean;
}

export interface DiscoveryRules {
  /** Whether this client speaks TLS. */
  readonly tls: boolean;
  /** Whether an address of this machine alone may be meant: it may when the client was given one itself. */
  readonly loopback: boolean;
  readonly allow: ((endpoint: string) => boolean) | undefined;
}

/** An address from the member list that is not used, and why. */
export interface RefusedEndpoint {
  readonly endpoint: string;
  readonly reason: string;
}

export interface Discovered {
  readonly usable: readonly MemberAddress[];
  readonly refused: readonly RefusedEndpoint[];
}

/**
 * Which of the addresses that members advertise may be dialled. The list is what somebody configured or wrote there:
 * wrong schemes, wildcard and loopback addresses are common in it, and to a client that follows it blindly it is a way
 * to be sent elsewhere.
 */
export function discover(members: readonly ListedMember[], rules: DiscoveryRules): Discovered {
  const usable = new Map<string, MemberAddress>();
  const refused: RefusedEndpoint[] = [];
  for (const { name, clientURLs, isLearner } of members) {
    for (const endpoint of clientURLs) {
      const judged = judge(endpoint, name, isLearner, rules);
      if (typeof judged === 'string') refused.push({ endpoint, reason: judged });
      else usable.set(judged.address, judged);
    }
  }
  return { usable: [...usable.values()], refused };
}

/** The address, or why it is not used. */
function judge(
  endpoint: string,
  name: string,
  isLearner: boolean,
  { tls, loopback, allow }: DiscoveryRules,
): MemberAddress | string {
  if (name === '') return 'the member has not started';
  if (isLearner) return 'the member is a learner';
  const parsed = parse(endpoint);
  if (typeof parsed === 'string') return parsed;
  if (parsed.target.startsWith('unix:')) return 'it is a socket file';
  const { address, tls: speaksTls } = parsed;
  if (speaksTls !== undefined && speaksTls !== tls) return tls ? 'it is without TLS' : 'it is with TLS';
  if (wildcard.test(address)) return 'it is a wildcard address';
  if (!loopback && isLoopback(address)) return "it is the member's own loopback address";
  return allow && allow(endpoint) !== true ? 'the allow rule refuses it' : parsed;
}

function parse(endpoint: string): (MemberAddress & { readonly tls: boolean | undefined }) | string {
  try {
    const { members, tls } = parseEndpoints([endpoint]);
    const [member] = members;
    return member ? { ...member, tls } : 'it names no member';
  } catch (error) {
    if (error instanceof EtcdError) return error.message;
    throw error;
  }
}

const wildcard = /^(0\.0\.0\.0|\[::\]):/;

/** Whether the address reaches this machine alone. */
export function isLoopback(address: string): boolean {
  return /^(localhost|127(\.\d+){3}|\[::1\]):/i.test(address);
}
