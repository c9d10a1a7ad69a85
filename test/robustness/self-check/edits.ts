import type { ModelEvent, ModelOperation, ModelWatch, ModelWatchResponse } from '../history/index.js';
import type { Sample, SampleClient } from './sample.js';

export type Edit = (sample: Sample) => Sample;

/** Changes the operations of the writer. */
export function operations(edit: (all: readonly ModelOperation[]) => readonly ModelOperation[]): Edit {
  return (sample) => ({
    ...sample,
    writer: { ...sample.writer, operations: edit(sample.writer.operations) },
  });
}

/** Changes the first operation that fits. */
export function operation(fits: (op: ModelOperation) => boolean, output: ModelOperation['Output']): Edit {
  return operations((all) => {
    const changed = indexOf(all, fits);
    return all.map((op, index) => (index === changed ? { ...op, Output: output } : op));
  });
}

export function withoutOperation(fits: (op: ModelOperation) => boolean): Edit {
  return operations((all) => {
    const removed = indexOf(all, fits);
    return all.filter((_, index) => index !== removed);
  });
}

/** Changes what a watch delivered: bookmarks, and batches with events. */
export function responses(
  name: SampleClient,
  edit: (all: readonly ModelWatchResponse[]) => readonly ModelWatchResponse[],
): Edit {
  return (sample) => {
    const watches = sample[name].watches.map(
      (watch): ModelWatch => ({ ...watch, Responses: edit(watch.Responses) }),
    );
    return { ...sample, [name]: { ...sample[name], watches } };
  };
}

/** Changes what a watch with a start revision delivered, given as batches: first in one, then as `edit` returns it. */
export function batches(
  name: SampleClient,
  edit: (events: readonly ModelEvent[]) => readonly (readonly ModelEvent[])[],
): Edit {
  return responses(name, (all) => {
    const last = all[all.length - 1]!;
    const edited = edit(all.flatMap(({ Events }) => Events));
    return [...edited.map((Events) => ({ ...last, IsProgressNotify: false, Events })), last];
  });
}

export function events(
  name: SampleClient,
  edit: (events: readonly ModelEvent[]) => readonly ModelEvent[],
): Edit {
  return batches(name, (all) => [edit(all)]);
}

function indexOf(all: readonly ModelOperation[], fits: (op: ModelOperation) => boolean): number {
  const index = all.findIndex(fits);
  if (index === -1) throw new Error('the sample does not have the operation to corrupt');
  return index;
}
