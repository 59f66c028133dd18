import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type ServedImage, serveImages } from "../registry/image-server.ts";
import type { ScriptedServer } from "../registry/scripted-server.ts";
import { startDaemon } from "../support/daemon.ts";
import { livePod } from "../support/live-pod.ts";
import { withNewRunc } from "../support/new-runc.ts";
import { programImage } from "../support/program-image.ts";
import { type Suite, type SuiteOptions, suite } from "../support/suite.ts";

const IMAGE = "volumes.test/volumes:latest";
const Volumes = { "/data": {}, "/new/deep": {}, "/hidden": {} };

/** A folder with a file, a link and an owner, and nothing of the other two volumes. */
function fill(root: string): void {
  mkdirSync(join(root, "data/below"), { recursive: true });
  writeFileSync(join(root, "data/file"), "of the image\n");
  symlinkSync("file", join(root, "data/link"));
  execFileSync("chown", ["-hR", "33:44", join(root, "data")]);
  execFileSync("chmod", ["2770", join(root, "data")]);
}

/** A suite whose daemon has the image. */
function suiteWithImage(options: SuiteOptions): Suite {
  let server: ScriptedServer | undefined;
  // Before the suite's own hook, which looks for what is left.
  after(async () => {
    await parts.daemon.client.image.RemoveImage({ image: { image: IMAGE } });
    await server?.[Symbol.asyncDispose]();
  });
  const parts = suite(options);
  before(async () => {
    const images = new Map<string, ServedImage>();
    images.set("volumes", programImage({ config: { Volumes, User: "33:44" }, fill }));
    server = await serveImages(images);
    const table = `\n[[registry]]\nprefix = "volumes.test"\nlocation = "${server.address}"\ninsecure = true\n`;
    appendFileSync(join(parts.daemon.folder, "registries.conf"), table);
    await parts.daemon.client.image.PullImage({ image: { image: IMAGE } });
  });
  return parts;
}

for (const mode of ["mkdir", "bind", "ignore"] as const) {
  describe(`image_volumes = "${mode}"`, () => {
    const parts = suiteWithImage({ settings: { "crio.image": { image_volumes: mode } } });
    const image = { image: IMAGE };
    const points = "cat /proc/self/mountinfo | grep -cE ' /(data|new/deep|hidden) ' || true";

    it("makes of an image's volumes what it says", async () => {
      await using pod = await livePod(parts.daemon);
      const hostPath = join(parts.daemon.folder, "volume");
      mkdirSync(hostPath, { recursive: true });
      writeFileSync(join(hostPath, "of-the-pod"), "");
      const mounts = [{ hostPath, containerPath: "/hidden" }];
      const id = await pod.run({ image, mounts, command: ["sleep", "inf"] });
      assert.equal(await pod.sh(id, points), mode === "bind" ? "3" : "1");
      assert.equal(await pod.sh(id, "ls /hidden"), "of-the-pod");
      // What the image has is there in any case; what it has not, where volumes are made, and for its user.
      assert.equal(await pod.sh(id, "cat /data/link; stat -c '%u:%g %a' /data"), "of the image\n33:44 2770");
      const made = await pod.sh(id, "stat -c '%u:%g' /new/deep 2>/dev/null || ls /new 2>&1 | wc -l");
      assert.equal(made, mode === "ignore" ? "1" : "33:44");
      await pod.sh(id, "touch /data/below/mine");
    });

    it("gives each container volumes of its own, and removes them with it", async () => {
      await using pod = await livePod(parts.daemon);
      const { runtime } = parts.daemon.client;
      const [first, second] = [
        await pod.run({ image, command: ["sleep", "inf"] }),
        await pod.run({ image, command: ["sleep", "inf"] }),
      ];
      await pod.sh(first, "touch /data/mine");
      assert.equal(await pod.sh(second, "ls /data | wc -l"), "3");
      const folder = join(parts.daemon.folder, "root/storage/overlay-containers", first);
      assert.equal(existsSync(join(folder, "image-volumes/0/mine")), mode === "bind");
      await runtime.RemoveContainer({ containerId: first });
      assert.equal(await pod.sh(second, "cat /data/file"), "of the image");
    });
  });
}

describe('image_volumes = "bind" in a user namespace', () => {
  const secrets = mkdtempSync(join(tmpdir(), "critter-secrets-"));
  after(() => rmSync(secrets, { recursive: true }));
  writeFileSync(join(secrets, "key"), "secret", { mode: 0o600 });
  writeFileSync(join(secrets, "mounts.conf"), `${join(secrets, "key")}:/run/key\n`);
  const parts = suiteWithImage({
    ...withNewRunc,
    settings: {
      "crio.runtime": {
        ...withNewRunc.settings?.["crio.runtime"],
        default_mounts_file: join(secrets, "mounts.conf"),
      },
      "crio.image": { image_volumes: "bind" },
    },
  });

  it("volumes and copies of mounts.conf are those of the inside's users", async () => {
    const range = { containerId: 0, hostId: 262_144, length: 65_536 };
    const namespaceOptions = { usernsOptions: { mode: "POD" as const, uids: [range], gids: [range] } };
    await using pod = await livePod(parts.daemon, {
      linux: {
        cgroupParent: parts.daemon.cgroupParent,
        securityContext: { namespaceOptions },
      },
    });
    const linux = { securityContext: { namespaceOptions } };
    const id = await pod.run({ image: { image: IMAGE }, command: ["sleep", "inf"], linux });
    assert.equal(
      await pod.sh(id, "stat -c '%u:%g %a' /data; cat /data/link; touch /data/below/mine"),
      "33:44 2770\nof the image",
    );
    assert.equal(await pod.sh(id, "stat -c '%u:%g' /new/deep /run/key"), "33:44\n0:0");
  });
});

it("a value that is none of these keeps the daemon from starting", async () => {
  const wrong = startDaemon({ settings: { "crio.image": { image_volumes: "tmpfs" } } });
  await assert.rejects(wrong, /crio\.image\.image_volumes is "tmpfs", it must be one of "mkdir"/);
});
