import { backoffDelay, type Clock } from '../async/index.js';
import { EtcdError } from '../errors/index.js';
import type { Member } from './member.js';
import { raftIndexOf } from './simple-token.js';
import type { TokenSource } from './token.js';

/** How often calls are looked at that are unanswered, and for how long one is so before its token is checked. */
const checkIntervalMs = 500;
const overdueMs = 500;
/** A healthy member answers a read this soon: no second one is sent. */
const promptAnswerMs = 300;
/** A read with the token that is unanswered for so long, while one without is answered, waits for the token. */
const silenceMs = 1_000;
/** How long the read without a token may take: it needs a quorum. */
const quorumMs = 3_000;
/** Between two checks that found nothing, while something is overdue. */
const pause = { leastMs: 500, baseMs: 500, maxMs: 3_500 };

export interface StaleTokenPorts {
  readonly clock: Clock;
  readonly random: () => number;
  readonly token: TokenSource;
  /** The members that owe an answer, to a call or on a stream, for longer than so many milliseconds; undefined when nothing is owed. */
  readonly overdueMembers: (ms: number) => readonly Member[] | undefined;
  /** Whether the member answers a small read of its own with the present token, were it by a refusal. */
  readonly answersWithToken: (member: Member, ms: number) => Promise<boolean>;
  /** Whether it answers a small linearizable read without a token, were it by a refusal. */
  readonly hasQuorum: (member: Member, ms: number) => Promise<boolean>;
  /** Whether each token comes straight from etcd, so that a newer one has a higher index. */
  readonly issuedOnFetch: boolean;
  /** The token of that generation is of another store. `proven`: nothing that waits with it is going to be carried out. */
  readonly onStale: (member: Member, generation: number, proven: boolean) => void;
}

/**
 * Finds out that a token is of a store that was replaced: restored from a copy, or wiped. etcd's own tokens carry the
 * raft index that was reached at their issue. A member keeps a request waiting in its check of the token until it has
 * applied that index, be it for hours, and only then refuses it.
 *
 * A member is asked twice. It answers a linearizable read without a token, by a refusal, only when it has a quorum and
 * has applied all that was committed when the read was sent. A token that its store issued by then is known to it, so
 * that a read of its own data with the token is answered as well. One that is not answered suggests a stale token (or a
 * member that stands still at that moment), and a new one is fetched. The proof is the index of the new one: the
 * indexes of a store's tokens never fall, so a lower one shows that the store was replaced. Nothing that waits with the
 * old token can be carried out any more: etcd looks a token up before it proposes a request, and this store has never
 * issued it. Without a quorum the first read is unanswered, and no token is fetched.
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

  /** Something was sent: looks whether it is answered. Costs a comparison while such a look is pending. */
  onSend(): void {
    if (!this.#armed) this.#arm();
  }

  /** A sign that this member keeps requests waiting. */
  suspect(member: Member): void {
    const { clock, token } = this.#ports;
    if (this.#checking || clock.now() < this.#notBefore || raftIndexOf(token.token) === undefined) return;
    this.#checking = true;
    void this.#check(member).finally(() => {
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

  /** Whether the member has a quorum and is up to date, and keeps the token waiting. */
  async #isSuspicious(member: Member): Promise<boolean> {
    const { answersWithToken, hasQuorum, clock } = this.#ports;
    let answered = false;
    const withToken = answersWithToken(member, quorumMs + 2 * silenceMs).then((answers) => {
      answered = true;
      return answers;
    });
    const silentFor = (ms: number) => {
      let cancel = () => {};
      const over = new Promise<boolean>((resolve) => {
        cancel = clock.setTimer(ms, () => resolve(true));
      });
      return Promise.race([withToken.then(() => false), over]).finally(cancel);
    };
    if (!(await silentFor(promptAnswerMs)) || !(await hasQuorum(member, quorumMs))) return false;
    return !answered && (await silentFor(silenceMs));
  }

  async #renew(member: Member, generation: number, index: bigint): Promise<void> {
    const { token, issuedOnFetch, onStale } = this.#ports;
    try {
      await token.refresh(generation);
    } catch (error) {
      if (!(error instanceof EtcdError)) throw error;
      // Another store, where the user is another or none: calls are to learn that, and not to wait.
      if (error.verdict !== 'final') return;
      token.discard(generation);
      onStale(member, generation, false);
      return;
    }
    const newer = raftIndexOf(token.token);
    // A higher one: the token was good, or the store has caught up and refuses it now.
    if (newer === undefined || newer < index)
      onStale(member, generation, issuedOnFetch && newer !== undefined);
  }
}
