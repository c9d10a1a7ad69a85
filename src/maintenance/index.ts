export type {
  Alarm,
  AlarmType,
  DefragmentOptions,
  Downgrade,
  DowngradeClient,
  HashKvOptions,
  HashKvResult,
  HashResult,
  MaintenanceClient,
  MemberStatus,
} from './maintenance-client.js';
export { MaintenanceClientImpl } from './maintenance-client-impl.js';
export type { SavedSnapshot, SnapshotOptions, SnapshotStream } from './snapshot.js';
