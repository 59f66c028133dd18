import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Mount } from "../../src/cri/messages.ts";
import type { Init } from "../../src/cri/proto.ts";
import { bindMount, MS_SHARED, mount, unmountAll } from "../../src/linux/mount.ts";
import { BUSYBOX } from "../support/configs.ts";
import { outcome } from "../support/cri.ts";
import { testRuntime } from "../support/daemon.ts";
import { livePod } from "../support/live-pod.ts";
import { withNewRunc } from "../support/new-runc.ts";
import { type Suite, type SuiteOptions, suite } from "../support/suite.ts";

const mapping = { containerId: 0, hostId: 262_144, length: 65_536 };
const mapped = { uidMappings: [mapping], gidMappings: [mapping] };

/** Prints the paths that can be written to. */
const writable =
  "for path in /v /v/inner /v/inner/most; do touch $path/x 2>/dev/null && echo $path; done | xargs";

/** A shared mount in which there is another, in which there is a third. */
class Volume {
  #hostPath = "";

  make(folder: string): void {
    this.#hostPath = join(folder, "volume");
    mkdirSync(this.#hostPath);
    bindMount(this.#hostPath, this.#hostPath);
    mount("", this.#hostPath, "", MS_SHARED);
    for (const inner of ["inner", "inner/most"]) {
      mkdirSync(join(this.#hostPath, inner));
      mount("tmpfs", join(this.#hostPath, inner), "tmpfs", 0, "size=64k");
    }
  }

  remove(): void {
    for (const path of ["inner/most", "inner", ""]) unmountAll(join(this.#hostPath, path));
  }

  mount(fields: Init<Mount>): Init<Mount> {
    return { hostPath: this.#hostPath, containerPath: "/v", readonly: true, ...fields };
  }
}

function suiteWithVolume(options: SuiteOptions): { parts: Suite; volume: Volume } {
  const volume = new Volume();
  // Before the suite's own hook, which looks for what is left.
  after(() => volume.remove());
  const parts = suite(options);
  before(() => volume.make(parts.daemon.folder));
  return { parts, volume };
}

for (const [name, options] of [
  [testRuntime, {}],
  ["a new runc", withNewRunc],
] as const) {
  describe(`recursive read-only mounts with ${name}`, () => {
    const { parts, volume } = suiteWithVolume(options);

    it("cover what is mounted in the volume, and only where that was asked for", async () => {
      const { runtime } = parts.daemon.client;
      const { runtimeHandlers } = await runtime.Status({});
      assert.equal(runtimeHandlers[0]?.features?.recursiveReadOnlyMounts, true);
      await using pod = await livePod(parts.daemon);
      const recursive = await pod.run({ mounts: [volume.mount({ recursiveReadOnly: true })] });
      assert.equal(await pod.sh(recursive, writable), "");
      const flat = await pod.run({ mounts: [volume.mount({})] });
      assert.equal(await pod.sh(flat, writable), "/v/inner /v/inner/most");
      const open = await pod.run({ mounts: [volume.mount({ readonly: false })] });
      assert.equal(await pod.sh(open, writable), "/v /v/inner /v/inner/most");
      const { status } = await runtime.ContainerStatus({ containerId: recursive });
      assert.equal(status?.mounts[0]?.recursiveReadOnly, true);
    });

    it("are refused where they would be weaker than they say", async () => {
      await using pod = await livePod(parts.daemon);
      const refused: [Init<Mount>, RegExp][] = [
        [{ readonly: false }, /recursive_read_only is true: the mount is not readonly/],
        [{ propagation: "PROPAGATION_HOST_TO_CONTAINER" }, /recursive_read_only.*HOST_TO_CONTAINER/],
        [{ propagation: "PROPAGATION_BIDIRECTIONAL" }, /recursive_read_only.*BIDIRECTIONAL/],
      ];
      for (const [fields, message] of refused) {
        const call = () => pod.create({ mounts: [volume.mount({ recursiveReadOnly: true, ...fields })] });
        assert.equal(await outcome(call()), "INVALID_ARGUMENT");
        await assert.rejects(call, { message });
      }
    });
  });
}

describe("recursive read-only mounts", () => {
  const { parts, volume } = suiteWithVolume(withNewRunc);

  it("are had in a user namespace, by images as volumes too", async () => {
    const { cgroupParent } = parts.daemon;
    const usernsOptions = { mode: "POD" as const, uids: [mapping], gids: [mapping] };
    const securityContext = { namespaceOptions: { usernsOptions } };
    await using pod = await livePod(parts.daemon, { linux: { cgroupParent, securityContext } });
    const image = {
      containerPath: "/image",
      image: { image: BUSYBOX },
      readonly: true,
      recursiveReadOnly: true,
    };
    const id = await pod.run({ mounts: [volume.mount({ ...mapped, recursiveReadOnly: true }), image] });
    assert.equal(await pod.sh(id, writable), "");
    await pod.sh(id, "! touch /image/x 2>/dev/null");
  });

  it("are refused with a runtime that does not tell that it knows them", async () => {
    await using pod = await livePod(parts.daemon, {}, "old");
    const call = () => pod.create({ mounts: [volume.mount({ recursiveReadOnly: true })] });
    assert.equal(await outcome(call()), "INVALID_ARGUMENT");
    await assert.rejects(call, { message: /recursive_read_only.*runtime does not support/ });
    const flat = { mounts: [volume.mount({})], command: ["touch", "/v/inner/x"] };
    assert.equal((await pod.finish(flat)).exitCode, 0);
  });
});
