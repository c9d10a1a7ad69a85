import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { guard } from '#src/testing/process-guard.js';
import type { Door } from '../faults/world.js';
import { nowMs } from './clock.js';
import type { ViewFact } from './history.js';
import type { Story } from './story.js';
import type { Asked, Part, Told } from './told.js';

const program = fileURLToPath(new URL('process.js', import.meta.url));

export type Cast = Omit<Part, 'endpoints' | 'life'> & { readonly name: string };

/** One process of the run, with doors of its own to the members; started again under the same name as often as needed. */
export class Hand {
  readonly doors: readonly Door[];
  readonly #cast: Cast;
  readonly #story: Story;
  readonly #waiting = new Map<Told['type'], (told: Told) => void>();
  #child: ChildProcess | undefined;
  #lives = 0;
  #asleep = true;
  /** The last views of a viewer, by service. */
  readonly views = new Map<string, ViewFact>();
  /** The last change that a registrar was told to be stored. */
  turn = 0;

  constructor(cast: Cast, doors: readonly Door[], story: Story) {
    this.#cast = cast;
    this.doors = doors;
    this.#story = story;
  }

  get name(): string {
    return this.#cast.name;
  }

  get role(): Part['role'] {
    return this.#cast.role;
  }

  /** `r0.3`: its fourth process. */
  get life(): string {
    return `${this.name}.${this.#lives - 1}`;
  }

  /** Of a registrar. */
  get key(): string {
    return `${this.#cast.services[0]}/${this.#cast.id}`;
  }

  get services(): readonly string[] {
    return this.#cast.services;
  }

  /** Whether it is there and was not asked to leave. */
  get running(): boolean {
    return this.#child !== undefined && !this.#asleep;
  }

  start(): void {
    this.#lives++;
    this.#asleep = false;
    this.views.clear();
    this.turn = 0;
    const { life, role, key } = this;
    this.#story.add({
      kind: 'started',
      hand: this.name,
      life,
      key: role === 'registrar' ? key : undefined,
      at: nowMs(),
    });
    const endpoints = this.doors.map(({ proxy }) => proxy.endpoint);
    const part: Part = { ...this.#cast, endpoints, life };
    const child = fork(program, [JSON.stringify(part)], { stdio: 'ignore' });
    const guarding = guard('kill -9 "$1" 2>/dev/null', [String(child.pid)]);
    this.#child = child;
    child.once('exit', () => guarding.release());
    child.on('message', (told: Told) => this.#heard(life, told));
  }

  freeze(): void {
    this.#child?.kill('SIGSTOP');
    this.#story.add({ kind: 'frozen', life: this.life, at: nowMs() });
  }

  thaw(): void {
    this.#story.add({ kind: 'thawed', life: this.life, at: nowMs() });
    this.#child?.kill('SIGCONT');
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (!child) return;
    this.#child = undefined;
    this.#asleep = true;
    const gone = once(child, 'exit');
    child.kill('SIGKILL'); // a frozen one dies of it, too
    await gone;
    this.#story.add({ kind: 'killed', life: this.life, at: nowMs() });
  }

  /** Asks it to close, or a viewer's reader to leave; the process goes on and has nothing more to do. */
  async ask(asked: Asked): Promise<Told> {
    this.#asleep = true;
    const answer = this.role === 'registrar' ? 'closed' : 'left';
    const told = new Promise<Told>((resolve) => this.#waiting.set(answer, resolve));
    this.#child?.send(asked);
    return told;
  }

  #heard(life: string, told: Told): void {
    this.#waiting.get(told.type)?.(told);
    const isNow = life === this.life;
    switch (told.type) {
      case 'view': {
        const view = toView(life, told);
        if (isNow) this.views.set(view.service, view);
        this.#story.addSeen(view);
        break;
      }
      case 'changed':
        if (isNow) this.turn = told.turn;
        break;
      case 'closed': // whoever asked for it writes it down
        break;
      case 'registered': {
        const [lease, revision] = [BigInt(told.lease), BigInt(told.revision)];
        this.#story.addSeen({ kind: 'registered', life, lease, revision, at: told.at });
        break;
      }
      case 'lost':
        this.#story.add({ kind: 'lost', life, lease: BigInt(told.lease), at: told.at });
        break;
      case 'relisted':
        this.#story.add({ kind: 'relisted', viewer: life, at: told.at, reason: told.reason });
        break;
      case 'left':
        this.#story.add({ kind: 'left', viewer: life, at: told.at });
    }
  }
}

function toView(viewer: string, told: Told & { type: 'view' }): ViewFact {
  const { service, at, revision, records, held, invalid } = told;
  return {
    kind: 'view',
    viewer,
    service,
    at,
    revision: BigInt(revision),
    records: new Map(records.map(([key, modRevision]) => [key, BigInt(modRevision)])),
    held: new Set(held),
    invalid: new Set(invalid),
  };
}
