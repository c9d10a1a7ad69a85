import { type Clock, systemClock } from '../async/index.js';
import { Code, errorFromServer, InvalidInputError, wasDoneBefore } from '../errors/index.js';
import {
  boolean,
  checkMemberId,
  checkWait,
  listOf,
  noOptions,
  optionsChecker,
  waitChecks,
  wellFormedText,
  withJson,
} from '../model/index.js';
import type { CallOptions, ClusterCalls, MemberListResponse } from '../wire/index.js';
import type {
  AddedMember,
  ClusterClient,
  ClusterMember,
  MemberListOptions,
  MemberListResult,
} from './cluster-client.js';

const checkList = optionsChecker<MemberListOptions>({ serializable: boolean, ...waitChecks });

export class ClusterClientImpl implements ClusterClient {
  readonly #calls: ClusterCalls;
  readonly #clock: Clock;

  constructor(calls: ClusterCalls, clock: Clock = systemClock) {
    this.#calls = calls;
    this.#clock = clock;
  }

  async list(options: MemberListOptions = noOptions): Promise<MemberListResult> {
    checkList(options);
    return listResult(await this.#calls.list({ linearizable: options.serializable !== true }, options));
  }

  async add(peerUrls: readonly string[], options: CallOptions = noOptions): Promise<AddedMember> {
    checkWait(options);
    return this.#add(peerUrls, false, options);
  }

  async addLearner(peerUrls: readonly string[], options: CallOptions = noOptions): Promise<AddedMember> {
    checkWait(options);
    return this.#add(peerUrls, true, options);
  }

  async promote(id: bigint, options: CallOptions = noOptions): Promise<MemberListResult> {
    checkWait(options);
    checkMemberId(id);
    const startedAt = this.#clock.now();
    try {
      return listResult(await this.#calls.promote(id, options));
    } catch (error) {
      // Some releases of etcd answer LearnerNotReady for a member that was promoted a moment ago.
      if (!wasDoneBefore(error, 'MemberNotLearner', 'LearnerNotReady')) throw error;
      const list = await this.#listAfter(error, startedAt, options);
      if (list.members.some((member) => member.id === id && !member.isLearner)) return list;
      throw error;
    }
  }

  async remove(id: bigint, options: CallOptions = noOptions): Promise<MemberListResult> {
    checkWait(options);
    checkMemberId(id);
    const startedAt = this.#clock.now();
    try {
      return listResult(await this.#calls.remove(id, options));
    } catch (error) {
      if (!wasDoneBefore(error, 'MemberNotFound')) throw error;
      return this.#listAfter(error, startedAt, options);
    }
  }

  async update(
    id: bigint,
    peerUrls: readonly string[],
    options: CallOptions = noOptions,
  ): Promise<MemberListResult> {
    checkWait(options);
    checkMemberId(id);
    return listResult(await this.#calls.update({ ID: id, peerURLs: checkedUrls(peerUrls) }, options));
  }

  /**
   * Lists the members after a change that etcd refused as made before, in the time that is left for the call.
   * @throws the refusal if they cannot be listed: its verdict is that of the change.
   */
  async #listAfter(
    refusal: unknown,
    startedAt: number,
    { signal, timeoutMs = this.#calls.timeoutMs }: CallOptions,
  ): Promise<MemberListResult> {
    const remainingMs = Math.max(0, startedAt + timeoutMs - this.#clock.now());
    try {
      return listResult(await this.#calls.list({ linearizable: true }, { signal, timeoutMs: remainingMs }));
    } catch {
      signal?.throwIfAborted();
      throw refusal;
    }
  }

  async #add(peerUrls: readonly string[], isLearner: boolean, options: CallOptions): Promise<AddedMember> {
    const { member, members } = await this.#calls.add(
      { peerURLs: checkedUrls(peerUrls), isLearner },
      options,
    );
    if (!member) throw errorFromServer(Code.INTERNAL, "the response is not etcd's: it has no member");
    return withJson({ member: toMember(member), members: members.map(toMember) });
  }
}

const checkUrls = listOf(wellFormedText);

/** etcd checks the form of the URLs. */
function checkedUrls(peerUrls: readonly string[]): string[] {
  checkUrls(peerUrls, 'peerUrls');
  if (peerUrls.length === 0) throw new InvalidInputError('peerUrls is empty: name at least one URL');
  return [...peerUrls];
}

function listResult({ members }: MemberListResponse): MemberListResult {
  return withJson({ members: members.map(toMember) });
}

function toMember(member: MemberListResponse['members'][number]): ClusterMember {
  const { ID, name, peerURLs, clientURLs, isLearner } = member;
  return withJson({ id: ID, name, peerUrls: peerURLs, clientUrls: clientURLs, isLearner });
}
