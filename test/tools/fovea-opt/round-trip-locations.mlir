// After --round-trip a diagnostic still points at the line of the file that the user gave.
// RUN: fovea-opt %s --round-trip --allow-unregistered-dialect --one-shot-bufferize -verify-diagnostics -o /dev/null

func.func @f(%x: tensor<4xf32>) {
  // expected-error @below {{op was not bufferized}}
  "unknown.op"(%x) : (tensor<4xf32>) -> ()
  return
}
