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

  constructor(calls: ClusterCalls) {
    this.#calls = calls;
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
    try {
      return listResult(await this.#calls.promote(id, options));
    } catch (error) {
      // Some releases of etcd answer LearnerNotReady for a member that was promoted a moment ago.
      if (!wasDoneBefore(error, 'MemberNotLearner', 'LearnerNotReady')) throw error;
      const list = await this.list(options);
      if (list.members.some((member) => member.id === id && !member.isLearner)) return list;
      throw error;
    }
  }

  async remove(id: bigint, options: CallOptions = noOptions): Promise<MemberListResult> {
    checkWait(options);
    checkMemberId(id);
    try {
      return listResult(await this.#calls.remove(id, options));
    } catch (error) {
      if (!wasDoneBefore(error, 'MemberNotFound')) throw error;
      return this.list(options);
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
