import { backoffDelay, type Clock, inRootContext, resolvesWithin } from '../../async/index.js';
import { EtcdError } from '../../errors/index.js';
import type { Member } from '../member/member.js';
import { raftIndexOf } from './simple-token.js';
import type { TokenSource } from './token.js';

/** The interval at which the check looks for overdue calls. */
const checkIntervalMs = 500;
/** A call that is unanswered for this time is overdue: its token is checked. */
const overdueMs = 500;
/** If the member answers the read with the token within this time, the read without a token is not sent. */
const promptAnswerMs = 300;
/** A read with the token that is unanswered for this time, while a read without it was answered, is blocked by the token. */
const silenceMs = 1_000;
/** The time limit of the read without a token, which needs a quorum. */
const quorumMs = 3_000;
/** The pause between two checks without a result while a call is overdue. */
const pause = { leastMs: 500, baseMs: 500, maxMs: 3_500 };

/** What the check needs from its owner. */
export interface StaleTokenPorts {
  readonly clock: Clock;
  readonly random: () => number;
  readonly token: TokenSource;
  /** The members that have left a call or stream unanswered for `ms` milliseconds; undefined if everything is answered. */
  readonly overdueMembers: (ms: number) => readonly Member[] | undefined;
  /** Whether the member answers a small serializable read with the present token. A refusal counts as an answer. */
  readonly answersWithToken: (member: Member, ms: number) => Promise<boolean>;
  /** Whether the member answers a small linearizable read without a token. A refusal counts as an answer. */
  readonly hasQuorum: (member: Member, ms: number) => Promise<boolean>;
  /** Whether etcd itself issues each token, so that a newer token has a higher index. */
  readonly issuedOnFetch: boolean;
  /** The token of that generation belongs to another store. `proven`: no waiting request with it will be applied. */
  readonly onStale: (member: Member, generation: number, proven: boolean) => void;
}

/**
 * Detects a token of a store that was replaced: restored from a backup, or wiped.
 *
 * Workaround (etcd 3.4 to 3.7; https://github.com/etcd-io/etcd/issues/11377): etcd's simple tokens contain the raft
 * index at their issue. A member blocks a request until it has applied the index of its token, possibly for hours, and
 * only then refuses it. Remove when a member refuses such a token immediately.
 *
 * The check sends two reads to one member. A linearizable read without a token is answered, with a refusal, only if the
 * member has a quorum and has applied everything committed before the read. The member then also knows every token that
 * its store has issued, and answers a serializable read with the token. If it does not, the token is probably stale (or
 * the member has just stopped), and a new token is fetched. The proof is the index of the new token: the indexes of one
 * store's tokens never decrease, so a lower index shows that the store was replaced. No request that waits with the old
 * token can then be applied: etcd validates the token before it proposes a request, and this store has never issued it.
 * Without a quorum the first read is not answered, and no token is fetched.
 */
export class StaleTokenCheck {
  readonly #ports: StaleTokenPorts;
  #armed = false;
  #checking = false;
  #notBefore = 0;
  #checks = 0;

  constructor(ports: StaleTokenPorts) {
    this.#ports = ports;
  }

  /** Schedules a check after a request was sent. Costs one comparison while a check is already scheduled. */
  onSend(): void {
    if (!this.#armed) this.#arm();
  }

  /** Checks the token on a member that leaves requests unanswered. */
  suspect(member: Member): void {
    const { clock, token } = this.#ports;
    if (this.#checking || clock.now() < this.#notBefore || raftIndexOf(token.token) === undefined) return;
    this.#checking = true;
    void inRootContext(() => this.#check(member)).finally(() => {
      this.#checking = false;
    });
  }

  #arm(): void {
    this.#armed = true;
    this.#ports.clock.setTimer(checkIntervalMs, () => this.#checkOverdue());
  }

  #checkOverdue(): void {
    this.#armed = false;
    const overdue = this.#ports.overdueMembers(overdueMs);
    if (overdue === undefined) {
      this.#checks = 0;
      return;
    }
    for (const member of overdue) this.suspect(member);
    this.#arm();
  }

  async #check(member: Member): Promise<void> {
    const { token, clock, random } = this.#ports;
    const { generation } = token;
    const index = raftIndexOf(token.token);
    if (index === undefined) return;
    if (await this.#isSuspicious(member)) await this.#renew(member, generation, index);
    const pauseMs = pause.leastMs + backoffDelay(pause, this.#checks++, random);
    this.#notBefore = clock.now() + pauseMs;
  }

  /** Whether the member has a quorum and is up to date, but blocks requests with the token. */
  async #isSuspicious(member: Member): Promise<boolean> {
    const { answersWithToken, hasQuorum, clock } = this.#ports;
    let answered = false;
    const withToken = answersWithToken(member, quorumMs + 2 * silenceMs).then((answers) => {
      answered = true;
      return answers;
    });
    const silentFor = async (ms: number) => !(await resolvesWithin(withToken, ms, clock));
    if (!(await silentFor(promptAnswerMs)) || !(await hasQuorum(member, quorumMs))) return false;
    return !answered && (await silentFor(silenceMs));
  }

  async #renew(member: Member, generation: number, index: bigint): Promise<void> {
    const { token, issuedOnFetch, onStale } = this.#ports;
    try {
      await token.refresh(generation, { isOfReplacedStore: true });
    } catch (error) {
      if (!(error instanceof EtcdError)) throw error;
      // The store refuses the user, so it is another store. Calls must get the refusal instead of waiting.
      if (error.verdict !== 'final') return;
      token.discard(generation);
      onStale(member, generation, false);
      return;
    }
    const newer = raftIndexOf(token.token);
    // With a higher index, the old token was valid, or the store has caught up and now refuses it.
    if (newer === undefined || newer < index)
      onStale(member, generation, issuedOnFetch && newer !== undefined);
  }
}
