const grpc = require('@grpc/grpc-js');
const naming = require('@org/etcd-naming');
const proto = require('@org/etcd-naming/proto');
const { main } = require('./one-call.cjs');

if (!proto.KVService || !proto.protoFolder) throw new Error('./proto is incomplete');
main(grpc, naming, ...process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exit(1);
});
