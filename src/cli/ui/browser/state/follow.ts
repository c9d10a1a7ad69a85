import { batch } from '@preact/signals';
import type { StreamMessage } from '../../protocol/index.js';
import { endSession, endsSession } from '../api/index.js';
import { Connection, FrameQueue, openEvents } from '../stream/index.js';
import { publishEntries, publishGap } from './entry-feed.js';
import {
  observeChange,
  observeConnection,
  observeIncomplete,
  observeLoss,
  observeSnapshot,
  observeStatus,
} from './observed.js';
import { store, writable } from './published.js';
import { Receiver } from './receiver.js';

const receiver = new Receiver(store, {
  onStatus: observeStatus,
  onBegin: observeIncomplete,
  onSnapshot: (settings) => {
    writable.settings.value = settings;
    observeSnapshot();
    publishGap();
  },
  onDelta: observeChange,
  onQueues: (queues) => {
    writable.queues.value = queues;
  },
  onEntries: publishEntries,
});

/** A step of the stream. Steps are handled in their order, so that no message of a lost stream follows its loss. */
type Step =
  | StreamMessage
  | { readonly type: 'opened'; readonly resumes: boolean }
  | { readonly type: 'lost' };

/** What {@link followStream} returns. */
export interface Following extends Pick<Connection, 'wake' | 'reopen' | 'close'> {}

/** Shows what the stream of the session sends, until the session ends or it is closed. */
export function followStream(): Following {
  const steps = new FrameQueue<Step>(
    (step) => batch(() => handle(step)),
    () => batch(() => store.publish()),
  );
  const connection = new Connection({
    open: openEvents,
    onMessage: (message) => steps.push(message),
    onOpen: (resumes) => steps.push({ type: 'opened', resumes }),
    onLost: (error) => {
      steps.push({ type: 'lost' });
      if (endsSession(error)) endSession();
    },
    isFinal: endsSession,
    random: Math.random,
  });
  void connection.run();
  return {
    wake: () => connection.wake(),
    reopen: () => connection.reopen(),
    close: () => {
      connection.close();
      steps.close();
      handle({ type: 'lost' });
    },
  };
}

function handle(step: Step): void {
  if (step.type === 'opened') observeConnection(step.resumes);
  else if (step.type === 'lost') {
    receiver.reset();
    observeLoss();
  } else receiver.receive(step);
}
