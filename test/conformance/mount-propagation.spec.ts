import assert from "node:assert/strict";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { MountPropagation } from "../../src/cri/messages.ts";
import { bindMount, MS_PRIVATE, MS_REC, MS_SHARED, mount, unmountAll } from "../../src/linux/mount.ts";
import { cgroupParent } from "./endpoint.ts";
import { type SpecContext, spec } from "./spec.ts";

const PREFIX = "Container Mount Propagation: runtime should support mount propagation";

/** Whether mounts of the host are seen inside, and those of the container outside. */
interface Expected {
  inside: boolean;
  outside: boolean;
}

propagates("mount with 'rprivate' should not support propagation", "PROPAGATION_PRIVATE", {
  inside: false,
  outside: false,
});

propagates(
  "mount with 'rshared' should support propagation from host to container and vice versa",
  "PROPAGATION_BIDIRECTIONAL",
  { inside: true, outside: true },
);

propagates(
  "mount with 'rslave' should support propagation from host to container",
  "PROPAGATION_HOST_TO_CONTAINER",
  { inside: true, outside: false },
);

function propagates(name: string, propagation: MountPropagation, { inside, outside }: Expected): void {
  spec(`${PREFIX} ${name}`, async (cri) => {
    const { volume, ofHost, source } = await hostFolders(cri, propagation);
    const securityContext = { privileged: true };
    const pod = await cri.runPod({ linux: { cgroupParent, securityContext } });
    const container = await cri.createContainer(pod, {
      mounts: [{ hostPath: volume, containerPath: volume, propagation }],
      linux: { securityContext },
    });
    const [told] = (await cri.containerStatus(container)).mounts;
    assert.deepEqual(
      [told?.containerPath, told?.hostPath, told?.readonly, told?.selinuxRelabel, told?.propagation],
      [volume, volume, false, false, propagation],
    );
    await cri.startContainer(container);

    bindMount(source, ofHost, MS_REC);
    assert.equal((await cri.exec(container, "ls", "-A", ofHost)) !== "", inside, "the host's mount, inside");

    const ofContainer = join(volume, "containerMntPoint");
    await cri.exec(container, "sh", "-c", `mkdir -p ${ofContainer}`);
    await cri.exec(container, "sh", "-c", `mount --bind /etc ${ofContainer}`);
    assert.equal((await readdir(ofContainer)).length > 0, outside, "the container's mount, outside");
  });
}

/** A volume that is a mount of its own, a folder in it to mount on, and one with a file to mount there. */
async function hostFolders(
  cri: SpecContext,
  propagation: MountPropagation,
): Promise<{ volume: string; ofHost: string; source: string }> {
  const folder = await cri.folder();
  const volume = join(folder, "mnt");
  const ofHost = join(volume, "propagationMnt");
  const source = join(folder, "propagationSrcDir");
  for (const path of [ofHost, source]) await mkdir(path, { recursive: true, mode: 0o700 });
  await writeFile(join(source, "flagFile"), "");
  bindMount(volume, volume, MS_REC);
  mount("", volume, "", MS_REC | (propagation === "PROPAGATION_PRIVATE" ? MS_PRIVATE : MS_SHARED));
  cri.onCleanUp(async () => {
    for (const path of [join(volume, "containerMntPoint"), ofHost, volume]) unmountAll(path);
  });
  return { volume, ofHost, source };
}
