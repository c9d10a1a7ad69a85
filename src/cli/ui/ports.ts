import type {
  ActionReply,
  ActionRequest,
  DeltaMessage,
  EndpointRow,
  ErrorCode,
  LeasesReply,
  LeasesRequest,
  MembersReply,
  PreviewReply,
  Queue,
  RecordReply,
  RecordRequest,
  Settings,
  StatusMessage,
  TimelineReply,
  TimelineRequest,
} from './protocol/index.js';

/** What the server of the page needs from the part that knows etcd. */
export interface Backend {
  readonly settings: Settings;
  readonly catalog: Catalog;
  /** Reads one record whole. Rejects with {ApiError}, as the others do. */
  record(request: RecordRequest, signal: AbortSignal): Promise<RecordReply>;
  leases(request: LeasesRequest, signal: AbortSignal): Promise<LeasesReply>;
  members(signal: AbortSignal): Promise<MembersReply>;
  preview(request: ActionRequest, signal: AbortSignal): Promise<PreviewReply>;
  /** One transaction that is applied only to the version of the record in the request. */
  perform(request: ActionRequest, signal: AbortSignal): Promise<ActionReply>;
}

/** Everything that is registered under the prefix, how it changes, and what happened since the command started. */
export interface Catalog {
  /** The current state; undefined until the records have been listed. */
  snapshot(): CatalogSnapshot | undefined;
  /** The row of a key; undefined if it has none. */
  row(key: string): EndpointRow | undefined;
  status(): StatusMessage;
  timeline(request: TimelineRequest): TimelineReply;
  /** Calls back with each change, in order. The returned function ends that. */
  listen(listener: CatalogListener): () => void;
}

export interface CatalogSnapshot {
  readonly revision: string;
  readonly rows: Iterable<EndpointRow>;
  /** The number of `rows`. */
  readonly size: number;
  readonly queues: Iterable<Queue>;
}

export interface CatalogListener {
  /** The changes of one revision, or entries alone. */
  onDelta(delta: DeltaMessage): void;
  /** Everything was replaced; the entries that describe the difference were passed to `onDelta` before. */
  onReplaced(): void;
  /** `etcd`, the error, or `omitted` changed. */
  onStatus(): void;
}

/** A request of the page that fails. */
export class ApiError extends Error {
  readonly code: ErrorCode;
  /** For `conflict`. */
  readonly current: EndpointRow | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options: ErrorOptions & { readonly current?: EndpointRow } = {},
  ) {
    super(message, options);
    this.name = 'ApiError';
    this.code = code;
    this.current = options.current;
  }
}
