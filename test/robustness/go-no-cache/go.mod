// In place of a module that the validators require for tests of their own, and that is not published.
module go.etcd.io/etcd/cache/v3

go 1.26
