import { computed, type ReadonlySignal, signal } from '@preact/signals';
import type { Queue, Settings } from '../../protocol/index.js';
import { viewStatus } from './observed.js';
import { RecordStore } from './record-store.js';

/** The signals that change with the stream. Only the state's own files write them. */
export const writable = {
  settings: signal<Settings | undefined>(undefined),
  queues: signal<ReadonlyMap<string, Queue>>(new Map()),
};

/** Undefined before the first snapshot. */
export const settings: ReadonlySignal<Settings | undefined> = writable.settings;

/** Locks and elections by name. */
export const queues: ReadonlySignal<ReadonlyMap<string, Queue>> = writable.queues;

/** Whether what the page shows is current. Data that are not must be marked wherever they are shown. */
export const current: ReadonlySignal<boolean> = computed(() => viewStatus.value.kind === 'live');

/** The records that the page shows. */
export const store = new RecordStore();
