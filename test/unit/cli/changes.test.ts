import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { Changes } from '#src/cli/listing/changes.js';
import type { EtcdClient } from '#src/client/index.js';
import { CompactedError } from '#src/errors/index.js';
import type { Revision } from '#src/model/index.js';

/** A watch whose batches the test delivers. */
class ScriptedWatch {
  readonly options: { startRevision?: Revision };
  readonly ready = Promise.resolve(50n);
  readonly #batches: { nextRevision: Revision }[] = [];
  #error: unknown;
  #wake = () => {};

  constructor(options: { startRevision?: Revision }) {
    this.options = options;
  }

  deliver(revision: Revision): void {
    this.#batches.push({ nextRevision: revision + 1n });
    this.#wake();
  }

  fail(error: unknown): void {
    this.#error = error;
    this.#wake();
  }

  async *[Symbol.asyncIterator]() {
    for (;;) {
      const batch = this.#batches.shift();
      if (batch) yield batch;
      else if (this.#error !== undefined) throw this.#error;
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
  }
}

describe('the changes that ls --watch waits for', () => {
  const ending = new AbortController();
  let watches: ScriptedWatch[];
  let changes: Changes;

  beforeEach(() => {
    watches = [];
    const client = {
      watch: (_: object, options: object) => {
        const watch = new ScriptedWatch(options);
        watches.push(watch);
        return watch;
      },
    };
    changes = new Changes(client as unknown as EtcdClient, 'p/', 10n, ending.signal);
  });

  /** Whether a wait has ended within a turn of the event loop. */
  const ends = async (waiting: Promise<void>) => {
    let ended = false;
    void waiting.then(() => {
      ended = true;
    });
    await turn();
    return ended;
  };

  it('are those after the revision of the list', async () => {
    assert.equal(watches[0]?.options.startRevision, 11n);
    const waiting = changes.after(10n);
    assert.equal(await ends(waiting), false);
    watches[0]?.deliver(11n);
    assert.equal(await ends(waiting), true);
  });

  it('are not those that the list has already', async () => {
    watches[0]?.deliver(12n);
    await turn();
    const waiting = changes.after(12n);
    assert.equal(await ends(waiting), false);
    watches[0]?.deliver(13n);
    assert.equal(await ends(waiting), true);
  });

  it('end a wait that begins after them', async () => {
    watches[0]?.deliver(11n);
    await turn();
    assert.equal(await ends(changes.after(10n)), true);
  });

  it('include those that were lost with the history: the watch begins again, and the list is read once', async () => {
    watches[0]?.fail(new CompactedError('compacted', 20n));
    await turn();
    assert.equal(
      await ends(changes.after(60n)),
      true,
      'the store may have been restored to an older revision',
    );
    assert.equal(watches.length, 2);
    const waiting = changes.after(60n);
    assert.equal(await ends(waiting), false);
    watches[1]?.deliver(61n);
    assert.equal(await ends(waiting), true);
  });

  it('are not awaited longer than the limit', async () => {
    await changes.after(10n, 1);
  });

  it('end with an error of the watch, also if it came before the wait', async () => {
    watches[0]?.fail(new Error('denied'));
    await turn();
    await assert.rejects(changes.after(10n), /denied/);
  });
});
