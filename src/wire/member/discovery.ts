import { callPredicate } from '../../async/index.js';
import { EtcdError } from '../../errors/index.js';
import { isOwnHost, isWildcard } from '../../model/index.js';
import { isOnThisMachine, type MemberAddress, parseEndpoints } from './endpoints.js';

/** The largest number of addresses used from a member list. Each is dialled; clusters of over seven members are rare. */
export const maxDiscoveredEndpoints = 32;

/** A member in etcd's member list. */
export interface ListedMember {
  /** Empty until the member has started. */
  readonly name: string;
  readonly clientURLs: readonly string[];
  readonly isLearner: boolean;
}

export interface DiscoveryRules {
  /** Whether this client speaks TLS. */
  readonly tls: boolean;
  /** Whether loopback addresses are allowed: only if the client's own endpoints include one. */
  readonly ownHost: boolean;
  /** Whether the client sends passwords or tokens that must not leave this machine in plaintext. */
  readonly requiresSecretsLocal: boolean;
  readonly allow: ((endpoint: string) => boolean) | undefined;
}

/** An address from the member list that the client does not use. */
export interface SkippedEndpoint {
  /** The address, as the member advertises it. */
  readonly endpoint: string;
  /** Why it is not used, as a sentence for logs; the text may change between releases. */
  readonly reason: string;
}

export interface EndpointSelection {
  readonly usable: readonly MemberAddress[];
  readonly skipped: readonly SkippedEndpoint[];
}

/**
 * Selects the advertised addresses that may be dialled, at most {@link maxDiscoveredEndpoints}. Wrong schemes, wildcard
 * and loopback addresses are common in member lists, and an unchecked list would let its author direct the client
 * anywhere.
 */
export function selectEndpoints(members: readonly ListedMember[], rules: DiscoveryRules): EndpointSelection {
  const usable = new Map<string, MemberAddress>();
  const skipped: SkippedEndpoint[] = [];
  for (const { name, clientURLs, isLearner } of members) {
    for (const endpoint of clientURLs) {
      const result = addressOrReason(endpoint, name, isLearner, rules);
      if (typeof result === 'string') skipped.push({ endpoint, reason: result });
      else if (usable.has(result.address)) continue;
      else if (usable.size < maxDiscoveredEndpoints) usable.set(result.address, result);
      else
        skipped.push({
          endpoint,
          reason: `the list has more than ${maxDiscoveredEndpoints} usable addresses`,
        });
    }
  }
  return { usable: [...usable.values()], skipped };
}

/** Returns the parsed address, or the reason why it is not used. */
function addressOrReason(
  endpoint: string,
  name: string,
  isLearner: boolean,
  { tls, ownHost, requiresSecretsLocal, allow }: DiscoveryRules,
): MemberAddress | string {
  if (name === '') return 'the member has not started';
  if (isLearner) return 'the member is a learner';
  const parsed = parse(endpoint);
  if (typeof parsed === 'string') return parsed;
  if (parsed.target.startsWith('unix:')) return 'it is a unix socket';
  const { host, tls: speaksTls } = parsed;
  if (speaksTls !== undefined && speaksTls !== tls) return tls ? 'it does not use TLS' : 'it uses TLS';
  if (isWildcard(host)) return 'it is a wildcard address';
  if (!ownHost && isOwnHost(host)) return "it is the member's own loopback address";
  if (requiresSecretsLocal && !isOnThisMachine(parsed))
    return 'passwords and tokens would go there in plaintext (auth.allowPlaintext is not set)';
  return allow && callPredicate(allow, endpoint, rethrow) !== true ? 'the allow rule refuses it' : parsed;
}

/** An error thrown by the rule rejects the sync: it is the caller's, and does not depend on the endpoint. */
function rethrow(error: unknown): never {
  throw error;
}

function parse(endpoint: string): (MemberAddress & { readonly tls: boolean | undefined }) | string {
  try {
    const { members, tls } = parseEndpoints([endpoint]);
    const [member] = members;
    return member ? { ...member, tls } : 'it contains no member';
  } catch (error) {
    if (error instanceof EtcdError) return error.message;
    throw error;
  }
}
