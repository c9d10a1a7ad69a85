// Stubs for the annotation files that etcd's .proto files import. Annotations configure code and gateway generators and
// never appear on the wire, so only their names and shapes matter.

const fileSwitches = ['marshaler', 'sizer', 'unmarshaler', 'goproto_getters', 'goproto_enum_prefix'];

const gogo = `syntax = "proto2";
package gogoproto;
import "google/protobuf/descriptor.proto";
extend google.protobuf.FileOptions {
${fileSwitches.map((name, index) => `  optional bool ${name}_all = ${63001 + index};`).join('\n')}
}
extend google.protobuf.FieldOptions {
  optional bool nullable = 65001;
}
`;

const http = `syntax = "proto3";
package google.api;
import "google/protobuf/descriptor.proto";
message HttpRule {
  string post = 4;
  string body = 7;
  repeated HttpRule additional_bindings = 11;
}
extend google.protobuf.MethodOptions {
  HttpRule http = 72295728;
}
`;

const openApi = `syntax = "proto3";
package grpc.gateway.protoc_gen_openapiv2.options;
import "google/protobuf/descriptor.proto";
message Swagger {
  SecurityDefinitions security_definitions = 11;
  repeated SecurityRequirement security = 12;
}
message SecurityDefinitions {
  map<string, SecurityScheme> security = 1;
}
message SecurityScheme {
  enum Type {
    TYPE_INVALID = 0;
    TYPE_API_KEY = 2;
  }
  enum In {
    IN_INVALID = 0;
    IN_HEADER = 2;
  }
  Type type = 1;
  string name = 3;
  In in = 4;
}
message SecurityRequirement {
  message Value {}
  map<string, Value> security_requirement = 1;
}
extend google.protobuf.FileOptions {
  Swagger openapiv2_swagger = 1042;
}
`;

/** Keyed by import path. */
export const stubs = {
  'gogoproto/gogo.proto': gogo,
  'google/api/annotations.proto': http,
  'protoc-gen-openapiv2/options/annotations.proto': openApi,
};
