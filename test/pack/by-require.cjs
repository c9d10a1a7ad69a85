const grpc = require('@grpc/grpc-js');
const naming = require('@org/etcd-naming');
const proto = require('@org/etcd-naming/proto');
const { oneCall } = require('./app/one-call.js');

oneCall({ grpc, naming, proto }, ...process.argv.slice(2)).then(console.log, (error) => {
  console.error(error);
  process.exit(1);
});
