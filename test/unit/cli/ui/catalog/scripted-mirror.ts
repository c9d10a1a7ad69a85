import assert from 'node:assert/strict';
import type { MirrorOptions, MirrorUpdate, Revision } from '#src/index.js';
import { freshnessOption } from '#src/internal.js';

type Step = { readonly update: MirrorUpdate } | { readonly error: unknown };

/** A mirror that yields what a test gives it. */
export class ScriptedMirror {
  readonly options: MirrorOptions;
  #fresh = false;
  readonly #steps: Step[] = [];
  #wake = () => {};
  #revision: Revision = 0n;
  /** The waits for revisions, with what is called after each update. */
  readonly waits: { readonly revision: Revision; readonly onUpdate: () => void }[] = [];

  constructor(options: MirrorOptions) {
    this.options = options;
    options.signal?.addEventListener('abort', () => this.fail(options.signal?.reason));
  }

  status(): { readonly fresh: boolean; readonly revision: Revision } {
    return { fresh: this.#fresh, revision: this.#revision };
  }

  waitForRevision(revision: Revision): Promise<Revision> {
    return new Promise((resolve) => {
      const onUpdate = () => {
        if (this.#revision >= revision) resolve(this.#revision);
      };
      this.waits.push({ revision, onUpdate });
    });
  }

  setFresh(fresh: boolean): void {
    this.#fresh = fresh;
    freshnessOption.get(this.options)?.();
  }

  push(update: MirrorUpdate): void {
    this.#steps.push({ update });
    this.#wake();
  }

  fail(error: unknown): void {
    this.#steps.push({ error });
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<MirrorUpdate, undefined> {
    for (;;) {
      const step = this.#steps.shift();
      if (!step) await new Promise<void>((resolve) => (this.#wake = resolve));
      else if ('error' in step) throw step.error;
      else {
        this.#revision = step.update.revision;
        for (const { onUpdate } of this.waits) onUpdate();
        yield step.update;
      }
    }
  }
}

/** The mirrors that a catalog creates. */
export class ScriptedMirrors {
  readonly all: ScriptedMirror[] = [];

  readonly create = (options: MirrorOptions): ScriptedMirror => {
    const mirror = new ScriptedMirror(options);
    this.all.push(mirror);
    return mirror;
  };

  get current(): ScriptedMirror {
    const mirror = this.all.at(-1);
    assert.ok(mirror, 'the catalog has no mirror');
    return mirror;
  }
}
