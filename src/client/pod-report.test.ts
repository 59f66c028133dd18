import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ContainerStatus, Image, ImageSpec, PodSandboxStatusResponse } from "../cri/messages.ts";
import type { ContainerCost, PodCost } from "./costs.ts";
import { imageNames, podReport } from "./pod-report.ts";

const TIME = 1_795_305_349_245_019_000;

function container(id: string, createdAt: number, image: Partial<ImageSpec>): ContainerStatus {
  return {
    id,
    metadata: { name: id, attempt: 0 },
    state: "CONTAINER_RUNNING",
    createdAt,
    startedAt: createdAt + 1e9,
    finishedAt: 0,
    image: { image: "", userSpecifiedImage: "", ...image },
    imageId: "sha256:1",
  } as unknown as ContainerStatus;
}

function answer(containersStatuses: ContainerStatus[]): PodSandboxStatusResponse {
  const status = {
    id: "pod",
    metadata: null,
    state: "SANDBOX_READY",
    createdAt: TIME,
    network: { ip: "10.0.0.2", additionalIps: [{ ip: "fd00::2" }] },
    runtimeHandler: "",
  };
  return { status, info: {}, containersStatuses, timestamp: 0 } as unknown as PodSandboxStatusResponse;
}

const costs = { pods: new Map<string, PodCost>(), containers: new Map<string, ContainerCost>() };

describe("a pod's report", () => {
  it("has times for people and programs, addresses, and containers in their order", () => {
    const later = container("later", TIME + 5e9, {});
    const report = podReport(answer([later, container("first", TIME, {})]), { costs, imageNames: new Map() });
    assert.equal(report.createdAt, "2026-11-21T23:55:49.245Z");
    assert.deepEqual(report.ips, ["10.0.0.2", "fd00::2"]);
    assert.deepEqual(
      report.containers.map(({ id }) => id),
      ["first", "later"],
    );
    const [first] = report.containers;
    assert.deepEqual([first?.startedAt, first?.finishedAt], ["2026-11-21T23:55:50.245Z", null]);
    assert.deepEqual([report.stats, first?.stats], [null, null]);
  });

  it("names an image as the pod does, else by a tag, else by its id", () => {
    const names = imageNames([
      { id: "sha256:1", repoTags: ["busybox:1"] } as Image,
      { id: "sha256:2", repoTags: [] as string[] } as Image,
    ]);
    const named = (image: Partial<ImageSpec>, imageNames = names) =>
      podReport(answer([container("c", TIME, image)]), { costs, imageNames }).containers[0]?.image;
    assert.equal(named({ image: "sha256:1", userSpecifiedImage: "mine:1" }), "mine:1");
    assert.equal(named({ image: "busybox@sha256:7" }), "busybox@sha256:7");
    assert.equal(named({ image: "sha256:1" }), "busybox:1");
    assert.equal(named({ image: "sha256:1" }, new Map()), "sha256:1");
  });
});
