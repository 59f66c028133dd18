import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readReport } from "./report.ts";

const spec = (text: string, state: string, failure?: object) => ({
  ContainerHierarchyTexts: ["[k8s.io] PodSandbox", "runtime should"],
  LeafNodeType: "It",
  LeafNodeText: text,
  State: state,
  RunTime: 1_500_000_000,
  Failure: failure,
});

test("specs that were asked for are told from those that were not", async () => {
  const folder = await mkdtemp(join(tmpdir(), "critter-report-"));
  try {
    const file = join(folder, "report.json");
    const place = { FileName: "/src/pkg/validate/pod.go", LineNumber: 7 };
    const reports = [
      spec("run", "passed"),
      spec("stop", "panicked", { Message: "Test Panicked", ForwardedPanic: "boom", Location: place }),
      spec("sysctl", "skipped", { Message: "not here", Location: place }),
      spec("out of focus", "skipped"),
      {
        ...spec("", "failed", { Message: "no socket" }),
        LeafNodeType: "BeforeSuite",
        ContainerHierarchyTexts: null,
      },
      { ...spec("", "passed"), LeafNodeType: "SynchronizedAfterSuite" },
    ];
    await writeFile(file, JSON.stringify([{ SpecReports: reports }]));
    assert.deepEqual(await readReport(file), [
      { name: "[k8s.io] PodSandbox runtime should run", outcome: "passed", seconds: 1.5, message: undefined },
      {
        name: "[k8s.io] PodSandbox runtime should stop",
        outcome: "failed",
        seconds: 1.5,
        message: "Test Panicked: boom (pod.go:7)",
      },
      {
        name: "[k8s.io] PodSandbox runtime should sysctl",
        outcome: "skipped",
        seconds: 1.5,
        message: "not here (pod.go:7)",
      },
      { name: "BeforeSuite", outcome: "failed", seconds: 1.5, message: "no socket" },
    ]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
