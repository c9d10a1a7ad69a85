/** A report of a child process to the run. Times are of the machine's monotonic clock. */
export type Report =
  | { readonly type: 'registered'; readonly lease: string; readonly revision: string; readonly at: number }
  | { readonly type: 'lost'; readonly lease: string; readonly at: number }
  /** A registrar's update with this number is stored. */
  | { readonly type: 'changed'; readonly turn: number }
  | { readonly type: 'closed'; readonly from: number; readonly to: number }
  | {
      readonly type: 'view';
      readonly service: string;
      readonly at: number;
      readonly revision: string;
      readonly records: readonly (readonly [key: string, modRevision: string])[];
      readonly unconfirmed: readonly string[];
      readonly invalid: readonly string[];
    }
  | { readonly type: 'relisted'; readonly reason: string; readonly at: number }
  | { readonly type: 'unsubscribed'; readonly at: number };

/** Closes a registrar's registration or a viewer's client (`close`), or unsubscribes a viewer (`unsubscribe`). */
export type Command = 'close' | 'unsubscribe';

/** The configuration of a child process, passed as JSON. */
export interface ProcessConfig {
  readonly role: 'registrar' | 'viewer';
  readonly endpoints: readonly string[];
  readonly incarnation: string;
  /** The services that a viewer follows, or a registrar's service. */
  readonly services: readonly string[];
  /** Registrars only. */
  readonly id: string;
  readonly addr: string;
  readonly ttlSeconds: number;
  readonly protectionMs: number;
}
