import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { invalidArgument } from "../cri/status-error.ts";
import type { CriClient } from "./cri-client.ts";
import { find, NotFoundError } from "./find.ts";

const pod = (id: string, name: string, namespace: string, state = "SANDBOX_READY") => ({
  id,
  metadata: { name, namespace, attempt: 0 },
  state,
});
const container = (id: string, podSandboxId: string, name: string, attempt: number, state: string) => ({
  id,
  podSandboxId,
  metadata: { name, attempt },
  state: `CONTAINER_${state}`,
});

const items = [
  pod("aa11", "web", "default"),
  pod("ab22", "web", "other", "SANDBOX_NOTREADY"),
  pod("ac33", "db", "default"),
  pod("ac44", "db", "other"),
];
const containers = [
  container("c1", "aa11", "web", 0, "RUNNING"),
  container("c2", "ac33", "main", 1, "RUNNING"),
  container("c3", "ac33", "main", 0, "EXITED"),
  container("c4", "ac33", "side", 0, "RUNNING"),
  container("c5", "ac44", "side", 0, "RUNNING"),
];
const images = [
  {
    id: "sha256:beef",
    repoTags: ["docker.io/library/busybox:1"],
    repoDigests: ["docker.io/library/busybox@sha256:77"],
  },
];

const client = {
  runtime: { ListPodSandbox: async () => ({ items }), ListContainers: async () => ({ containers }) },
  image: {
    ListImages: async () => ({ images }),
    ImageStatus: async ({ image: { image: name } }: { image: { image: string } }) => {
      if (name.includes(" ")) throw invalidArgument("image.image", name, "it is no name");
      return { image: name === "busybox:1" ? images[0] : null };
    },
  },
} as unknown as CriClient;

const found = async (text: string) => (await find(client, text)).id;

describe("what is meant by a name or an id", () => {
  it("a pod, by name, with its namespace, or by its id; the one that runs, and before a container", async () => {
    assert.deepEqual(await Promise.all(["web", "default/web", "other/web", "ab"].map(found)), [
      "aa11",
      "aa11",
      "ab22",
      "ab22",
    ]);
  });

  it("a container, by name, below its pod's, or by its id", async () => {
    assert.deepEqual(await Promise.all(["main", "db/main", "default/db/main", "web/web", "c3"].map(found)), [
      "c2",
      "c2",
      "c2",
      "c1",
      "c3",
    ]);
    assert.deepEqual(await find(client, "other/db/side"), {
      kind: "Container",
      id: "c5",
      podSandboxId: "ac44",
    });
  });

  it("an image, by tag, digest or id, or by a name that the daemon completes", async () => {
    const texts = [
      "docker.io/library/busybox:1",
      "docker.io/library/busybox@sha256:77",
      "sha256:be",
      "beef",
      "busybox:1",
    ];
    assert.deepEqual(
      await Promise.all(texts.map(found)),
      texts.map(() => "sha256:beef"),
    );
  });

  it("what may be several things is an error that lists them", async () => {
    await assert.rejects(found("side"), (error) => {
      assert.ok(error instanceof NotFoundError);
      assert.equal(
        error.message,
        '"side" may be any of these:\n  c4  container default/db/side, attempt 0\n  c5  container other/db/side, attempt 0',
      );
      return true;
    });
    await assert.rejects(found("db"), /ac33 {2}pod default\/db, attempt 0\n {2}ac44 {2}pod other\/db/);
    await assert.rejects(found("ac"), /ac33.*\n.*ac44/);
  });

  it("what is nothing is an error that names it", async () => {
    for (const text of ["nobody", "not a name"]) {
      await assert.rejects(found(text), {
        message: `there is no pod, container or image of the name or id "${text}"`,
      });
    }
  });
});
