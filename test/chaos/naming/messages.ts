/** What a process of the naming run tells its parent; times are of the machine's monotonic clock. */
export type Report =
  | { readonly type: 'registered'; readonly lease: string; readonly revision: string; readonly at: number }
  | { readonly type: 'lost'; readonly lease: string; readonly at: number }
  /** A registrar's change of that turn is stored. */
  | { readonly type: 'changed'; readonly turn: number }
  | { readonly type: 'closed'; readonly from: number; readonly to: number }
  | {
      readonly type: 'view';
      readonly service: string;
      readonly at: number;
      readonly revision: string;
      readonly records: readonly (readonly [key: string, modRevision: string])[];
      readonly held: readonly string[];
      readonly invalid: readonly string[];
    }
  | { readonly type: 'relisted'; readonly reason: string; readonly at: number }
  | { readonly type: 'unsubscribed'; readonly at: number };

/** What the parent asks for: a registrar's `close()`; that a viewer's reader leaves, or that its client closes. */
export type Command = 'close' | 'leave';

/** How a process is to start. */
export interface ProcessConfig {
  readonly role: 'registrar' | 'viewer';
  readonly endpoints: readonly string[];
  readonly incarnation: string;
  /** The services that a viewer follows, or the one that a registrar belongs to. */
  readonly services: readonly string[];
  /** Of a registrar. */
  readonly id: string;
  readonly addr: string;
  readonly ttlSeconds: number;
  readonly protectionMs: number;
}
