import {
  type Alarm,
  type ClusterMember,
  formatMemberId,
  type MemberStatus,
  PermissionDeniedError,
  UnauthenticatedError,
} from '../../../index.js';
import { messageWithoutCode } from '../../errors.js';
import { joinSome } from '../../output/text.js';
import type { MemberRow } from '../protocol/index.js';

/** The answer at one URL to the request for a member's state. */
export interface MemberProbe {
  readonly url: string;
  readonly latencyMs?: number;
  readonly status?: MemberStatus;
  readonly error?: unknown;
}

interface Answer {
  readonly status: MemberStatus;
  readonly latencyMs: number;
}

/**
 * The rows of the members. A member is healthy if this process got its answer, at one of its URLs or at an endpoint of
 * the client, and it has a leader.
 * @param alarms undefined if they could not be read.
 */
export function toMemberRows(
  members: readonly ClusterMember[],
  probes: readonly MemberProbe[],
  alarms: readonly Alarm[] | undefined,
): MemberRow[] {
  const leaderId = leaderOf(probes);
  return members.map((member) => ({
    id: formatMemberId(member.id),
    name: member.name,
    clientUrls: member.clientUrls,
    isLearner: member.isLearner,
    isLeader: member.id === leaderId,
    alarms: alarmsOf(member, alarms),
    ...stateOf(member, probes, alarms !== undefined),
  }));
}

/** The leader of the newest term. */
function leaderOf(probes: readonly MemberProbe[]): bigint | undefined {
  let newest: MemberStatus | undefined;
  for (const { status } of probes)
    if (status?.leaderId !== undefined && (!newest || status.raftTerm > newest.raftTerm)) newest = status;
  return newest?.leaderId;
}

function alarmsOf({ id }: ClusterMember, alarms: readonly Alarm[] = []): string[] {
  const own = alarms.filter(({ memberId }) => memberId === id);
  return own.map(({ type }) => (typeof type === 'number' ? `alarm ${type}` : type));
}

type MemberState = Omit<MemberRow, 'id' | 'name' | 'clientUrls' | 'isLearner' | 'isLeader' | 'alarms'>;

function stateOf(
  member: ClusterMember,
  probes: readonly MemberProbe[],
  alarmsAreKnown: boolean,
): MemberState {
  const answer = answerOf(member, probes);
  if (answer) return answeredState(answer, alarmsAreKnown);
  const own = probes.filter(({ url }) => member.clientUrls.includes(url));
  const refused = own.find(({ error }) => isRefusal(error));
  return { healthy: refused !== undefined, error: failureText(refused ? [refused] : own) };
}

/** The fastest answer of this member. Behind its URL may be another one: an address is that of each host's own network. */
function answerOf({ id }: ClusterMember, probes: readonly MemberProbe[]): Answer | undefined {
  let fastest: Answer | undefined;
  for (const { status, latencyMs = 0 } of probes)
    if (status?.memberId === id && (!fastest || latencyMs < fastest.latencyMs))
      fastest = { status, latencyMs };
  return fastest;
}

function answeredState({ status, latencyMs }: Answer, alarmsAreKnown: boolean): MemberState {
  const hasLeader = status.leaderId !== undefined;
  const error = hasLeader ? ownProblems(status, alarmsAreKnown) : 'it has no leader';
  return {
    healthy: hasLeader,
    ...(error === undefined ? {} : { error }),
    version: status.version,
    dbSize: status.dbSizeBytes,
    dbSizeInUse: status.dbSizeInUseBytes,
    raftIndex: String(status.raftIndex),
    raftTerm: String(status.raftTerm),
    latencyMs: Math.round(latencyMs * 10) / 10,
  };
}

/** A member reports its alarms too. */
function ownProblems({ errors }: MemberStatus, alarmsAreKnown: boolean): string | undefined {
  return alarmsAreKnown || errors.length === 0 ? undefined : joinSome(errors);
}

/** Whether a member answered that the user may not ask for its state. */
function isRefusal(error: unknown): boolean {
  return error instanceof PermissionDeniedError || error instanceof UnauthenticatedError;
}

function failureText(probes: readonly MemberProbe[]): string {
  if (probes.length === 0) return 'it has not started';
  return joinSome(probes.map(({ url, status, error }) => `${url}: ${probeText(status, error)}`));
}

function probeText(status: MemberStatus | undefined, error: unknown): string {
  if (status) return `the member ${formatMemberId(status.memberId)} answers there`;
  return `${isRefusal(error) ? 'it refuses to report its state' : 'no answer from here'}: ${messageWithoutCode(error)}`;
}
