import assert from "node:assert/strict";
import { it } from "node:test";
import { commandProtocols, negotiate, offeredProtocols, versionOf } from "./negotiation.ts";

it("takes the client's first choice among those that are spoken", () => {
  const offered = offeredProtocols({
    "x-stream-protocol-version": "v9.channel.k8s.io, v2.channel.k8s.io,v4.channel.k8s.io",
  });
  assert.deepEqual(offered, ["v9.channel.k8s.io", "v2.channel.k8s.io", "v4.channel.k8s.io"]);
  assert.equal(negotiate(offered, commandProtocols), "v2.channel.k8s.io");
  assert.equal(negotiate(["v9.channel.k8s.io"], commandProtocols), undefined);
  assert.deepEqual(offeredProtocols({}), []);
});

it("knows the versions by their names", () => {
  assert.deepEqual(commandProtocols.map(versionOf), [4, 3, 2, 1, 1]);
});
