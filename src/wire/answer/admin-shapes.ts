import { paths } from '../paths.js';
import {
  type AnswerRule,
  any64,
  bytes,
  bytesOfFile,
  Field,
  flag,
  message,
  numbers,
  revision,
  revisionOrNone,
  Shape,
} from './shape.js';

/** The rules for the answers of the Cluster, Maintenance and Auth services. */
export function adminAnswerRules(header: Field, headerAlone: Shape): (readonly [string, AnswerRule])[] {
  const member = new Shape([
    new Field(1, any64),
    new Field(2, bytes),
    new Field(3, bytes, 'repeated'),
    new Field(4, bytes, 'repeated'),
    new Field(5, flag),
  ]);
  const oneMember = message(() => member);
  const members = new Shape([header, new Field(2, oneMember, 'repeated')]);
  const memberAdded = new Shape([header, new Field(2, oneMember), new Field(3, oneMember, 'repeated')]);

  const alarm = new Shape([new Field(1, any64), new Field(2, numbers(0, 2 ** 31))]);
  const alarms = new Shape([
    header,
    new Field(
      2,
      message(() => alarm),
      'repeated',
    ),
  ]);
  const downgradeInfo = new Shape([new Field(1, flag), new Field(2, bytes)]);
  const status = new Shape([
    header,
    new Field(2, bytes),
    new Field(3, bytesOfFile),
    new Field(4, any64),
    new Field(5, any64),
    new Field(6, any64),
    new Field(7, any64),
    new Field(8, bytes, 'repeated'),
    new Field(9, bytesOfFile),
    new Field(10, flag),
    new Field(11, bytes),
    new Field(12, bytesOfFile),
    new Field(
      13,
      message(() => downgradeInfo),
    ),
  ]);
  const checksum = new Field(2, numbers(0, 2 ** 32));
  const hash = new Shape([header, checksum]);
  const hashKv = new Shape([header, checksum, new Field(3, revisionOrNone), new Field(4, revision)]);
  const snapshot = new Shape([header, new Field(2, bytesOfFile), new Field(3, bytes), new Field(4, bytes)]);
  const downgrade = new Shape([header, new Field(2, bytes)]);

  const authStatus = new Shape([header, new Field(2, flag), new Field(3, any64)]);
  const authenticate = new Shape([header, new Field(2, bytes)]);
  const names = new Shape([header, new Field(2, bytes, 'repeated')]);
  const permission = new Shape([new Field(1, numbers(0, 3)), new Field(2, bytes), new Field(3, bytes)]);
  const role = new Shape([
    header,
    new Field(
      2,
      message(() => permission),
      'repeated',
    ),
  ]);

  const small = (shape: Shape): AnswerRule => ({ shape, large: false });
  const large = (shape: Shape): AnswerRule => ({ shape, large: true });
  return [
    [paths.memberAdd, small(memberAdded)],
    [paths.memberRemove, small(members)],
    [paths.memberUpdate, small(members)],
    [paths.memberList, small(members)],
    [paths.memberPromote, small(members)],

    [paths.alarm, small(alarms)],
    [paths.status, small(status)],
    [paths.defragment, small(headerAlone)],
    [paths.hash, small(hash)],
    [paths.hashKv, small(hashKv)],
    [paths.snapshot, small(snapshot)],
    [paths.moveLeader, small(headerAlone)],
    [paths.downgrade, small(downgrade)],

    [paths.authEnable, small(headerAlone)],
    [paths.authDisable, small(headerAlone)],
    [paths.authStatus, small(authStatus)],
    [paths.authenticate, small(authenticate)],
    [paths.userAdd, small(headerAlone)],
    [paths.userGet, large(names)], // a user may have any number of roles
    [paths.userList, large(names)],
    [paths.userDelete, small(headerAlone)],
    [paths.userChangePassword, small(headerAlone)],
    [paths.userGrantRole, small(headerAlone)],
    [paths.userRevokeRole, small(headerAlone)],
    [paths.roleAdd, small(headerAlone)],
    [paths.roleGet, large(role)],
    [paths.roleList, large(names)],
    [paths.roleDelete, small(headerAlone)],
    [paths.roleGrantPermission, small(headerAlone)],
    [paths.roleRevokePermission, small(headerAlone)],
  ];
}
