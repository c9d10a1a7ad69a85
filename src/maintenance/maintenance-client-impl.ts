import { type Clock, systemClock } from '../async/index.js';
import { InvalidInputError } from '../errors/index.js';
import {
  anything,
  checkMemberId,
  checkWait,
  int64,
  noOptions,
  optionsChecker,
  waitChecks,
  wellFormedText,
  withJson,
} from '../model/index.js';
import type { CallOptions, MaintenanceCalls, StatusResponse } from '../wire/index.js';
import { DowngradeClientImpl } from './downgrade-client-impl.js';
import type {
  Alarm,
  AlarmType,
  DefragmentOptions,
  DowngradeClient,
  HashKvOptions,
  HashKvResult,
  HashResult,
  MaintenanceClient,
  MemberStatus,
} from './maintenance-client.js';
import { type SavedSnapshot, type SnapshotOptions, SnapshotReader, type SnapshotStream } from './snapshot.js';
import { saveSnapshot } from './snapshot-file.js';

const defragmentTimeoutMs = 600_000;

const checkHashKv = optionsChecker<HashKvOptions>({ revision: int64(0n), ...waitChecks });
const checkAlarm = optionsChecker<Alarm>(
  { memberId: (id, name) => checkMemberId(id as bigint, name), type: anything },
  { label: 'the alarm', required: 'pass one of client.maintenance.alarms()' },
);
/** By their numbers in the protocol. */
const alarmTypes: readonly (AlarmType | undefined)[] = [undefined, 'NOSPACE', 'CORRUPT'];
const [getAction, deactivateAction] = [0, 2] as const;

export class MaintenanceClientImpl implements MaintenanceClient {
  readonly downgrade: DowngradeClient;
  readonly #calls: MaintenanceCalls;
  readonly #clock: Clock;

  constructor(calls: MaintenanceCalls, clock: Clock = systemClock) {
    this.#calls = calls;
    this.#clock = clock;
    this.downgrade = new DowngradeClientImpl(calls);
  }

  async status(endpoint: string, options: CallOptions = noOptions): Promise<MemberStatus> {
    this.#calls.checkEndpoint(endpoint);
    checkWait(options);
    return toStatus(await this.#calls.status(endpoint, options));
  }

  async alarms(options: CallOptions = noOptions): Promise<readonly Alarm[]> {
    checkWait(options);
    const { alarms } = await this.#calls.alarm({ action: getAction, memberID: 0n, alarm: 0 }, options);
    return alarms.map(toAlarm);
  }

  async disarm(alarm: Alarm, options: CallOptions = noOptions): Promise<readonly Alarm[]> {
    checkAlarm(alarm);
    checkWait(options);
    const request = {
      action: deactivateAction,
      memberID: checkMemberId(alarm.memberId, 'memberId'),
      alarm: alarmNumber(alarm.type),
    };
    const { alarms } = await this.#calls.alarm(request, options);
    return alarms.map(toAlarm);
  }

  async defragment(endpoint: string, options: DefragmentOptions = noOptions): Promise<void> {
    this.#calls.checkEndpoint(endpoint);
    checkWait(options);
    await this.#calls.defragment(endpoint, {
      ...options,
      timeoutMs: options.timeoutMs ?? defragmentTimeoutMs,
    });
  }

  async hash(endpoint: string, options: CallOptions = noOptions): Promise<HashResult> {
    this.#calls.checkEndpoint(endpoint);
    checkWait(options);
    const { hash } = await this.#calls.hash(endpoint, options);
    return { hash };
  }

  async hashKv(endpoint: string, options: HashKvOptions = noOptions): Promise<HashKvResult> {
    this.#calls.checkEndpoint(endpoint);
    checkHashKv(options);
    const answer = await this.#calls.hashKv(endpoint, options.revision ?? 0n, options);
    const { hash, compactRevision, hashRevision } = answer;
    return withJson({
      hash,
      // etcd answers -1 if the store was never compacted.
      compactRevision: compactRevision < 0n ? 0n : compactRevision,
      hashRevision: hashRevision === 0n ? undefined : hashRevision,
    });
  }

  snapshot(endpoint: string, options: SnapshotOptions = noOptions): SnapshotStream {
    this.#calls.checkEndpoint(endpoint);
    checkWait(options);
    const { signal, timeoutMs = this.#calls.timeoutMs } = options;
    return new SnapshotReader(this.#calls, this.#clock, endpoint, { signal, timeoutMs });
  }

  async saveSnapshot(
    endpoint: string,
    path: string,
    options: SnapshotOptions = noOptions,
  ): Promise<SavedSnapshot> {
    wellFormedText(path, 'path');
    if (path === '' || path.includes('\0') || path.endsWith('/'))
      throw new InvalidInputError('path is not the path of a file');
    return saveSnapshot(this.snapshot(endpoint, options), path);
  }

  async moveLeader(endpoint: string, targetId: bigint, options: CallOptions = noOptions): Promise<void> {
    this.#calls.checkEndpoint(endpoint);
    checkMemberId(targetId);
    checkWait(options);
    await this.#calls.moveLeader(endpoint, targetId, options);
  }
}

function toAlarm({ memberID, alarm }: { readonly memberID: bigint; readonly alarm: number }): Alarm {
  return withJson({ memberId: memberID, type: alarmTypes[alarm] ?? alarm });
}

function alarmNumber(type: Alarm['type']): 0 | 1 | 2 {
  const number = typeof type === 'number' ? type : alarmTypes.indexOf(type);
  if (!Number.isInteger(number) || number < 1)
    throw new InvalidInputError("the alarm's type is unknown: pass one of client.maintenance.alarms()");
  return number as 0 | 1 | 2;
}

function toStatus(answer: StatusResponse): MemberStatus {
  const { header, leader, dbSizeQuota, storageVersion, downgradeInfo } = answer;
  return withJson({
    memberId: header?.memberId ?? 0n,
    clusterId: header?.clusterId ?? 0n,
    version: answer.version,
    leaderId: leader === 0n ? undefined : leader,
    isLearner: answer.isLearner,
    revision: header?.revision ?? 0n,
    raftTerm: answer.raftTerm,
    raftIndex: answer.raftIndex,
    raftAppliedIndex: answer.raftAppliedIndex,
    dbSizeBytes: Number(answer.dbSize),
    dbSizeInUseBytes: Number(answer.dbSizeInUse),
    dbSizeQuotaBytes: dbSizeQuota === 0n ? undefined : Number(dbSizeQuota),
    storageVersion: storageVersion || undefined,
    downgradeTargetVersion: downgradeInfo?.enabled ? downgradeInfo.targetVersion : undefined,
    errors: answer.errors,
  });
}
