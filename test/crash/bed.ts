/** A daemon that is killed and started again and again, with points, on a registry of the test images. */
import assert from "node:assert/strict";
import { appendFileSync, copyFileSync, mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Registry } from "../registry/registry.ts";
import type { ScriptedServer } from "../registry/scripted-server.ts";
import { assertAudit } from "../support/audit.ts";
import { BUSYBOX } from "../support/configs.ts";
import { removeAllPods } from "../support/cri.ts";
import { type Daemon, startDaemon } from "../support/daemon.ts";
import { runContainer, runPod } from "../support/pods.ts";
import { CrashPoints } from "./crash-points.ts";
import { REGISTRY } from "./images.ts";

/** What all beds share. */
export interface Surroundings {
  /** Path of `bin/critter` of the build. */
  launcher: string;
  registry: Registry;
  /** Serves the images of ./images.ts. */
  server: ScriptedServer;
}

export class CrashBed {
  readonly daemon: Daemon;
  readonly points: CrashPoints;
  /** A port of the host that no other bed has. */
  readonly hostPort: number;

  private constructor(daemon: Daemon, points: CrashPoints, hostPort: number) {
    this.daemon = daemon;
    this.points = points;
    this.hostPort = hostPort;
  }

  /** Starts the daemon, with the images that pods need. */
  static async make({ launcher, registry, server }: Surroundings, hostPort: number): Promise<CrashBed> {
    let points: CrashPoints | undefined;
    const daemon = await startDaemon({
      registry: registry.address,
      launcher: (folder) => {
        points = new CrashPoints(folder);
        return ["env", ...points.environment, launcher];
      },
    });
    const table = `\n[[registry]]\nprefix = "${REGISTRY}"\nlocation = "${server.address}"\ninsecure = true\n`;
    appendFileSync(join(daemon.folder, "registries.conf"), table);
    const bed = new CrashBed(daemon, points!, hostPort);
    await daemon.client.image.PullImage({ image: { image: BUSYBOX } });
    // The first pod of all brings the pause image.
    await runContainer(daemon, await runPod(daemon));
    await bed.clear();
    return bed;
  }

  /** Waits until the daemon has killed itself, `patienceMs` at most. Whether it has. */
  async died(patienceMs: number): Promise<boolean> {
    const end = performance.now() + patienceMs;
    while (this.daemon.isRunning && performance.now() < end) await sleep(10);
    return !this.daemon.isRunning;
  }

  /** Removes all pods, and all images but those of the bed, as the kubelet would; then nothing else may be left. */
  async clear(): Promise<void> {
    const { client } = this.daemon;
    await removeAllPods(client);
    const { images } = await client.image.ListImages();
    for (const { id, repoTags } of images) {
      if (repoTags.some((tag) => tag.startsWith(REGISTRY)))
        await client.image.RemoveImage({ image: { image: id } });
    }
    await assertAudit(this.daemon);
    assert.deepEqual((await client.runtime.ListContainers()).containers, []);
  }

  /** Keeps the daemon's log for people to read, and answers its path. */
  keepLog(name: string): string {
    const folder = join(tmpdir(), "critter-crash-logs");
    mkdirSync(folder, { recursive: true });
    const path = join(folder, `${name.replace(/[^\w.-]+/g, "_").slice(0, 150)}.log`);
    copyFileSync(join(this.daemon.folder, "critter.log"), path);
    return path;
  }
}
