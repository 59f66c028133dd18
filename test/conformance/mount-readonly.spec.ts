import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Mount } from "../../src/cri/messages.ts";
import type { Init } from "../../src/cri/proto.ts";
import { mount, unmountAll } from "../../src/linux/mount.ts";
import { outcome } from "../support/cri.ts";
import { features } from "./endpoint.ts";
import { type SpecContext, spec } from "./spec.ts";

const GROUP = "Container Mount Readonly: runtime should support readonly mounts";
const lacking = features.recursiveReadOnlyMounts ? undefined : "no recursive readonly mounts";

const privileged = { linux: { securityContext: { privileged: true } } };

/** A folder of the host in which a tmpfs is mounted, as a mount at /mnt. */
async function folderWithMount(cri: SpecContext): Promise<Init<Mount>> {
  const hostPath = await cri.folder();
  const inner = join(hostPath, "tmpfs");
  await mkdir(inner);
  mount("none", inner, "tmpfs");
  cri.onCleanUp(async () => unmountAll(inner));
  return { hostPath, containerPath: "/mnt", readonly: true, selinuxRelabel: true };
}

/** Creates a container with the folder mounted so; answers its id. */
async function create(cri: SpecContext, changes: Init<Mount>): Promise<string> {
  const pod = await cri.runPod(privileged);
  const mounts = [{ ...(await folderWithMount(cri)), ...changes }];
  return cri.createContainer(pod, { mounts });
}

spec(`${GROUP} should support non-recursive readonly mounts`, async (cri) => {
  const id = await create(cri, {});
  await cri.startContainer(id);
  await cri.exec(id, "touch", "/mnt/tmpfs/file");
});

spec(
  `${GROUP} should support recursive readonly mounts`,
  async (cri) => {
    const id = await create(cri, { recursiveReadOnly: true });
    await cri.startContainer(id);
    await cri.exec(id, "sh", "-c", 'touch /mnt/tmpfs/foo 2>&1 | grep -q "Read-only file system"');
  },
  lacking,
);

const wrong: Record<string, Init<Mount>> = {
  PROPAGATION_HOST_TO_CONTAINER: { propagation: "PROPAGATION_HOST_TO_CONTAINER" },
  PROPAGATION_BIDIRECTIONAL: { propagation: "PROPAGATION_BIDIRECTIONAL" },
  "ReadOnly: false": { readonly: false },
};

for (const [name, changes] of Object.entries(wrong)) {
  spec(
    `${GROUP} should reject a recursive readonly mount with ${name}`,
    async (cri) => {
      assert.notEqual(await outcome(create(cri, { recursiveReadOnly: true, ...changes })), "OK");
    },
    lacking,
  );
}
