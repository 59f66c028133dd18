import assert from "node:assert/strict";
import { test } from "node:test";
import { status } from "@grpc/grpc-js";
import { decoded } from "../oci/spec/fixtures.test.ts";
import { defaultShmBytes, parseQuantity, shmSize } from "./shm-size.ts";

const sizeOf = (annotations: Record<string, string>, allowed: string[]) =>
  shmSize(decoded({}, { annotations }).sandboxConfig, allowed);

test("quantities are those of Kubernetes", () => {
  const right: [string, number][] = [
    ["1", 1],
    ["64Mi", 2 ** 26],
    ["1.5Ki", 1536],
    ["2k", 2000],
    ["1e3", 1000],
    ["1E3", 1000],
    ["1500m", 2],
    [".5G", 5e8],
    ["1Ei", 2 ** 60],
    ["3E", 3e18],
  ];
  for (const [text, bytes] of right) assert.equal(parseQuantity(text), bytes, text);
  for (const text of ["", "Mi", "1 Mi", "1mi", "64MiB", "1e", "one"])
    assert.equal(parseQuantity(text), undefined);
});

test("/dev/shm has 64 MiB, or what an annotation says that the handler allows", () => {
  const name = "io.kubernetes.cri-o.ShmSize";
  assert.equal(sizeOf({}, [name]), defaultShmBytes);
  assert.equal(sizeOf({ [name]: "1Mi" }, ["io.kubernetes.cri-o."]), 2 ** 20);
  assert.equal(sizeOf({ "shm-size.crio.io": "2Mi", [name]: "1Mi" }, [name, "shm-size.crio.io"]), 2 ** 21);
  assert.equal(sizeOf({ [name]: "1Mi" }, []), defaultShmBytes);
  for (const value of ["0", "-1Mi", "much", "9Ei"]) {
    assert.throws(() => sizeOf({ [name]: value }, [name]), {
      code: status.INVALID_ARGUMENT,
      message: new RegExp(
        `^config\\.annotations\\["io\\.kubernetes\\.cri-o\\.ShmSize"\\] is "${value}": it must be`,
      ),
    });
  }
});
