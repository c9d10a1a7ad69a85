import { askRule } from '../async/index.js';
import { EtcdError } from '../errors/index.js';
import { isOwnHost, isWildcard } from '../model/index.js';
import { type MemberAddress, parseEndpoints } from './endpoints.js';
import { isOnThisMachine } from './plaintext.js';

/** The most addresses of one member list that are used: each is dialled, and more than seven members are rare. */
export const maxDiscoveredEndpoints = 32;

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
  /** Whether an address of the caller's own host may be meant: it may when the client was given one itself. */
  readonly ownHost: boolean;
  /** Whether passwords and tokens go along, and must not leave this machine in plaintext. */
  readonly requiresSecretsLocal: boolean;
  readonly allow: ((endpoint: string) => boolean) | undefined;
}

/** An address from the member list that is not used, and why. */
export interface SkippedEndpoint {
  readonly endpoint: string;
  readonly reason: string;
}

export interface EndpointSelection {
  readonly usable: readonly MemberAddress[];
  readonly skipped: readonly SkippedEndpoint[];
}

/**
 * Which of the addresses that members advertise may be dialled, {@link maxDiscoveredEndpoints} at most. Wrong schemes, wildcard
 * and loopback addresses are common in a member list, and whoever writes it decides where a client connects that
 * follows it blindly.
 */
export function selectEndpoints(members: readonly ListedMember[], rules: DiscoveryRules): EndpointSelection {
  const usable = new Map<string, MemberAddress>();
  const skipped: SkippedEndpoint[] = [];
  for (const { name, clientURLs, isLearner } of members) {
    for (const endpoint of clientURLs) {
      const judged = addressOrReason(endpoint, name, isLearner, rules);
      if (typeof judged === 'string') skipped.push({ endpoint, reason: judged });
      else if (usable.has(judged.address)) continue;
      else if (usable.size < maxDiscoveredEndpoints) usable.set(judged.address, judged);
      else
        skipped.push({
          endpoint,
          reason: `the list has more than ${maxDiscoveredEndpoints} usable addresses`,
        });
    }
  }
  return { usable: [...usable.values()], skipped };
}

/** The address, or why it is not used. */
function addressOrReason(
  endpoint: string,
  name: string,
  isLearner: boolean,
  { tls, ownHost, requiresSecretsLocal: keepsSecrets, allow }: DiscoveryRules,
): MemberAddress | string {
  if (name === '') return 'the member has not started';
  if (isLearner) return 'the member is a learner';
  const parsed = parse(endpoint);
  if (typeof parsed === 'string') return parsed;
  if (parsed.target.startsWith('unix:')) return 'it is a socket file';
  const { host, tls: speaksTls } = parsed;
  if (speaksTls !== undefined && speaksTls !== tls) return tls ? 'it is without TLS' : 'it is with TLS';
  if (isWildcard(host)) return 'it is a wildcard address';
  if (!ownHost && isOwnHost(host)) return "it is the member's own loopback address";
  if (keepsSecrets && !isOnThisMachine(parsed))
    return 'passwords and tokens would go there in plaintext (auth.allowPlaintext is not set)';
  return allow && askRule(allow, endpoint, rethrow) !== true ? 'the allow rule refuses it' : parsed;
}

/** A failing rule ends the sync: it is the caller's to know, and no answer about the endpoint. */
function rethrow(error: unknown): never {
  throw error;
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
