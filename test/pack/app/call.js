import * as grpc from '@grpc/grpc-js';
import * as naming from '@org/etcd-naming';
import * as proto from '@org/etcd-naming/proto';
import { oneCall } from './one-call.js';

export function call(endpoint, name, options) {
  return oneCall({ grpc, naming, proto }, endpoint, name, options);
}
