import { type ReadonlySignal, signal } from '@preact/signals';
import { type Ordering, SortedList } from './sorted-list.js';

/** The items that a list is made of. */
export interface ListSource<T> {
  keyOf(item: T): string;
  get(key: string): T | undefined;
  items(): Iterable<T>;
}

/** How long the page may be busy with one step of a new list. */
const sliceMs = 8;
/** The clock is not read for each step. */
const sliceSteps = 64;

/**
 * A list of a {@link ListSource} that is filtered and sorted. Changes are applied to it one by one. A new filter or order
 * is evaluated in slices, so that input and frames are not delayed; the list before it stays until then.
 */
export class LiveList<T> {
  readonly #source: ListSource<T>;
  readonly #defer: (step: () => void) => void;
  readonly #version = signal(0);
  #list: SortedList<T>;
  #ordering: Ordering<T>;
  #generation = 0;
  #isComplete = false;
  #changed: ReadonlySet<string> = new Set();
  /** The keys that changed while a new list is made; undefined if none is. */
  #pending: Set<string> | undefined;

  constructor(
    source: ListSource<T>,
    ordering: Ordering<T>,
    defer: (step: () => void) => void = (step) => void setTimeout(step),
  ) {
    this.#source = source;
    this.#ordering = ordering;
    this.#defer = defer;
    this.#list = new SortedList(source.keyOf, ordering);
    this.rebuild();
  }

  /** A number that is higher after each change. A component that reads it renders when the list changes. */
  get version(): ReadonlySignal<number> {
    return this.#version;
  }

  /** A number that is higher after each new filter or order. */
  get generation(): number {
    return this.#generation;
  }

  /** False until the items were read for the first time. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  get items(): readonly T[] {
    return this.#list.items;
  }

  /** The keys of the last changes; empty after all was replaced. */
  get changed(): ReadonlySet<string> {
    return this.#changed;
  }

  keyOf(item: T): string {
    return this.#source.keyOf(item);
  }

  indexOf(key: string): number {
    return this.#list.indexOf(key);
  }

  setOrdering(ordering: Ordering<T>): void {
    this.#ordering = ordering;
    this.#generation += 1;
    this.rebuild();
  }

  /** Applies changes of the source: items that are new, changed or gone. */
  update(keys: ReadonlySet<string>): void {
    for (const key of keys) {
      this.#pending?.add(key);
      this.#apply(key);
    }
    this.#publish(keys);
  }

  /** Reads all of the source again. */
  rebuild(): void {
    const pending = new Set<string>();
    this.#pending = pending;
    const steps = this.#build(pending);
    const runSlice = () => {
      if (this.#pending === pending && !runFor(steps, sliceMs)) this.#defer(runSlice);
    };
    runSlice();
  }

  /** Makes a new list, and shows it at the end. */
  *#build(pending: ReadonlySet<string>): Generator<void, void> {
    const found: T[] = [];
    for (const item of this.#source.items()) {
      if (this.#ordering.matches(item)) found.push(item);
      yield;
    }
    const list = new SortedList(this.#source.keyOf, this.#ordering);
    yield* list.fill(found);
    this.#list = list;
    this.#pending = undefined;
    this.#isComplete = true;
    // An item may have been read before it changed.
    for (const key of pending) this.#apply(key);
    this.#publish(new Set());
  }

  #apply(key: string): void {
    const item = this.#source.get(key);
    if (item === undefined) this.#list.delete(key);
    else this.#list.set(item);
  }

  #publish(changed: ReadonlySet<string>): void {
    this.#changed = changed;
    this.#version.value += 1;
  }
}

/** Runs steps for a time. Returns whether they have ended. */
function runFor(steps: Iterator<void>, ms: number): boolean {
  const end = performance.now() + ms;
  for (let count = 1; !steps.next().done; count++)
    if (count % sliceSteps === 0 && performance.now() > end) return false;
  return true;
}
