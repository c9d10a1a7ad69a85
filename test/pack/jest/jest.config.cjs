module.exports = {
  transformIgnorePatterns: ['/node_modules/(?!(?:\\.pnpm/[^/]+/node_modules/)?@org/etcd-naming/)'],
};
