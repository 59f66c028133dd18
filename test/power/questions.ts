/** What the kubelet and its like ask a node that has just come up, of pods that were there before. */
import assert from "node:assert/strict";
import { outcome } from "../support/cri.ts";
import type { Daemon } from "../support/daemon.ts";

/** Fails unless every question is answered, or refused with a reason that the client can understand. */
export async function askEverything({ client: { runtime, image } }: Daemon): Promise<void> {
  const { items } = await runtime.ListPodSandbox();
  const { containers } = await runtime.ListContainers();
  const { images } = await image.ListImages();
  const verbose = true;
  const questions: [name: string, call: Promise<unknown>][] = [
    ["Status", runtime.Status({ verbose })],
    ["ImageFsInfo", image.ImageFsInfo({})],
    ["ListContainerStats", runtime.ListContainerStats({})],
    ["ListPodSandboxStats", runtime.ListPodSandboxStats({})],
    ["ListPodSandboxMetrics", runtime.ListPodSandboxMetrics({})],
    ...items.flatMap(({ id: podSandboxId }): typeof questions => [
      ["PodSandboxStatus", runtime.PodSandboxStatus({ podSandboxId, verbose })],
      ["PodSandboxStats", runtime.PodSandboxStats({ podSandboxId })],
    ]),
    ...containers.flatMap(({ id: containerId }): typeof questions => [
      ["ContainerStatus", runtime.ContainerStatus({ containerId, verbose })],
      ["ContainerStats", runtime.ContainerStats({ containerId })],
      ["ReopenContainerLog", runtime.ReopenContainerLog({ containerId })],
      ["StartContainer", runtime.StartContainer({ containerId })],
      ["ExecSync", runtime.ExecSync({ containerId, cmd: ["true"] })],
      ["Attach", runtime.Attach({ containerId, stdout: true })],
      [
        "UpdateContainerResources",
        runtime.UpdateContainerResources({ containerId, linux: { cpuShares: 2 } }),
      ],
      ["StopContainer", runtime.StopContainer({ containerId, timeout: 1 })],
    ]),
    ...images.map(({ id }): (typeof questions)[number] => [
      "ImageStatus",
      image.ImageStatus({ image: { image: id }, verbose }),
    ]),
  ];
  const outcomes = await Promise.all(
    questions.map(async ([name, call]) => `${name}: ${await outcome(call)}`),
  );
  const understood = /: (OK|NOT_FOUND|FAILED_PRECONDITION)$/;
  assert.deepEqual(
    [...new Set(outcomes)].filter((line) => !understood.test(line)),
    [],
  );
  assert.ok(!outcomes.includes("StartContainer: OK"), "what the power cut has ended was started");
}
