import assert from "node:assert/strict";
import { test } from "node:test";
import { readSysctls } from "./sysctls.ts";

const all = new Set(["net", "ipc", "uts"] as const);

test("names are read with either separator, and sorted to their namespaces", () => {
  const read = (name: string) => {
    const [{ path, namespace } = { path: "", namespace: "" }] = readSysctls({ [name]: "1" }, all);
    return [path, namespace];
  };
  assert.deepEqual(read("net.core.somaxconn"), ["net/core/somaxconn", "net"]);
  assert.deepEqual(read("net/ipv4/conf/eth0.100/forwarding"), ["net/ipv4/conf/eth0.100/forwarding", "net"]);
  assert.deepEqual(read("net.ipv4.conf.eth0/100.forwarding"), ["net/ipv4/conf/eth0.100/forwarding", "net"]);
  assert.deepEqual(read("kernel.sem"), ["kernel/sem", "ipc"]);
  assert.deepEqual(read("kernel.msgmax"), ["kernel/msgmax", "ipc"]);
  assert.deepEqual(read("kernel.domainname"), ["kernel/domainname", "uts"]);
});

test("what is no pod's to change is refused", () => {
  for (const name of [
    "vm.swappiness",
    "kernel.panic",
    "kernel.shm/../panic",
    "",
    "/proc/sys/net/core/x",
    "net..",
  ]) {
    assert.throws(() => readSysctls({ [name]: "1" }, all), { code: 3 }, name);
  }
});

test("a value is one line: the kernel would take the first and leave the others", () => {
  const read = (value: string) => readSysctls({ "net.ipv4.tcp_rmem": value }, all);
  assert.equal(read("4096\t87380 6291456\n").length, 1);
  for (const value of ["1\n2", "1\r2", "\u001b[31m"])
    assert.throws(
      () => read(value),
      /^StatusError: linux\.sysctls\["net\.ipv4\.tcp_rmem"\] is .*: it must be one line$/,
    );
});
