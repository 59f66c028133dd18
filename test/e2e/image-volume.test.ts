import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Mount } from "../../src/cri/messages.ts";
import type { Init } from "../../src/cri/proto.ts";
import { BUSYBOX, NGINX } from "../support/configs.ts";
import { outcome } from "../support/cri.ts";
import { eventually } from "../support/eventually.ts";
import { livePod } from "../support/live-pod.ts";
import { assertNothingLeft, containerStatus, removePod, runPod } from "../support/pods.ts";
import { suite } from "../support/suite.ts";
import { mountsBelow } from "../support/sweep.ts";

/** How often the daemon is killed in the middle of a call. */
const CUTS = 6;
/** Longest time for CreateContainer, in ms, that a cut is tried within. */
const LONGEST = 80;

describe("images as volumes", () => {
  const parts = suite();
  const volume = (containerPath: string, fields: Init<Mount> = {}): Init<Mount> => ({
    containerPath,
    image: { image: BUSYBOX },
    readonly: true,
    ...fields,
  });
  const mountCount = () => mountsBelow(parts.daemon.folder).length;

  it("are seen whole or in part, cannot be written, may be run; a link of the image's stays in it", async () => {
    await using pod = await livePod(parts.daemon);
    const before = mountCount();
    const id = await pod.run({
      mounts: [
        volume("/whole"),
        volume("/part", { imageSubPath: "etc" }),
        volume("/no/program", { imageSubPath: "bin", mountOptions: ["noexec"] }),
        // Debian's /var/run is a link to /run: the image's, which is empty, and not the host's.
        volume("/link", { imageSubPath: "var/run" }),
      ],
    });
    assert.equal(await pod.sh(id, "/whole/bin/ls /whole/etc/passwd"), "/whole/etc/passwd");
    assert.equal(await pod.sh(id, "cmp /part/passwd /whole/etc/passwd && echo same"), "same");
    assert.equal(await pod.sh(id, "ls /link | wc -l"), "0");
    for (const path of ["/whole", "/part", "/whole/etc/passwd"]) {
      assert.match(await pod.sh(id, `! touch ${path}/x 2>&1; ! chmod 700 ${path} 2>&1`), /Read-only/);
    }
    await pod.sh(id, "! /no/program/true 2>/dev/null");
    // Nothing is in the volume that the image has not: no folder for the runtime's own mounts.
    assert.equal(await pod.sh(id, "ls -A /whole/proc /whole/sys | grep -v : | xargs"), "");
    const { runtime } = parts.daemon.client;
    await runtime.RemoveContainer({ containerId: id });
    assert.equal(mountCount(), before);
  });

  it("are reported by ContainerStatus with the ID that PullImage answered, also after a restart", async () => {
    const { image } = parts.daemon.client;
    const { imageRef } = await image.PullImage({ image: { image: BUSYBOX } });
    await using pod = await livePod(parts.daemon);
    const id = await pod.create({
      mounts: [
        volume("/by/name", { imageSubPath: "etc" }),
        volume("/by/id", { image: { image: imageRef, userSpecifiedImage: "busybox" } }),
      ],
    });
    const reported = async () =>
      (await containerStatus(parts.daemon, id)).mounts.map((mount) => [
        mount.image?.image,
        mount.image?.userSpecifiedImage,
        mount.image?.imageRef,
        mount.imageSubPath,
        mount.readonly,
        mount.hostPath,
      ]);
    const expected = [
      [BUSYBOX, "", imageRef, "etc", true, ""],
      [imageRef, "busybox", imageRef, "", true, ""],
    ];
    assert.deepEqual(await reported(), expected);
    await parts.daemon.kill();
    await parts.daemon.start();
    assert.deepEqual(await reported(), expected);
  });

  it("keep a removed image until the container goes, also over a restart", async () => {
    const { image, runtime } = parts.daemon.client;
    const used = async () => Number((await image.ImageFsInfo({})).imageFilesystems[0]?.usedBytes?.value);
    const before = await used();
    await image.PullImage({ image: { image: NGINX } });
    const filled = await used();
    await using pod = await livePod(parts.daemon);
    const mounts = [volume("/nginx", { image: { image: NGINX } })];
    const id = await pod.run({ mounts });
    await image.RemoveImage({ image: { image: NGINX } });
    await parts.daemon.kill();
    await parts.daemon.start();
    assert.equal(await pod.sh(id, "ls /nginx/usr/sbin/nginx"), "/nginx/usr/sbin/nginx");
    assert.equal(await used(), filled);
    assert.equal(await outcome(pod.create({ mounts })), "NOT_FOUND");
    await runtime.RemoveContainer({ containerId: id });
    await eventually(async () => assert.equal(await used(), before));
  });

  it("that cannot be are refused, and leave no mount", async () => {
    await using pod = await livePod(parts.daemon);
    const before = mountCount();
    const refused: [Init<Mount>, string, RegExp][] = [
      [{ readonly: false }, "INVALID_ARGUMENT", /readonly is false/],
      [{ hostPath: "/tmp" }, "INVALID_ARGUMENT", /host_path is "\/tmp"/],
      [{ image: { image: "0".repeat(64) } }, "NOT_FOUND", /"0+": there is no such image/],
      [
        { image: { image: "nowhere.test/no:1" } },
        "UNKNOWN",
        /no artifact can be fetched: .*nowhere.test\/no:1/,
      ],
      [{ imageSubPath: "/etc" }, "INVALID_ARGUMENT", /image_sub_path is "\/etc"/],
      [{ imageSubPath: "etc/../.." }, "INVALID_ARGUMENT", /image_sub_path/],
      [
        { imageSubPath: "no/such" },
        "INVALID_ARGUMENT",
        /ImageVolumeMountFailed: .*no\/such.* does not exist/,
      ],
      [{ imageSubPath: "etc/passwd" }, "INVALID_ARGUMENT", /not a folder/],
    ];
    for (const [fields, code, message] of refused) {
      // One that is right is mounted before the wrong one is looked at.
      const request = () => pod.create({ mounts: [volume("/right"), volume("/wrong", fields)] });
      assert.equal(await outcome(request()), code);
      await assert.rejects(request, { message });
      assert.equal(mountCount(), before, JSON.stringify(fields));
    }
    // A failure that comes later, from the runtime.
    assert.notEqual(await outcome(pod.create({ mounts: [volume("/etc/passwd")] })), "OK");
    assert.equal(mountCount(), before);
  });

  it(`leave nothing when the daemon is killed in the middle of CreateContainer, ${CUTS} times`, async () => {
    const { daemon, nothing } = parts;
    for (let cut = 0; cut < CUTS; cut++) {
      const pod = await runPod(daemon);
      const delay = ((cut + Math.random()) / CUTS) * LONGEST;
      const config = {
        metadata: { name: "cut" },
        image: { image: BUSYBOX },
        command: ["top"],
        mounts: [volume("/whole"), volume("/part", { imageSubPath: "etc" })],
        linux: {},
      };
      const request = { podSandboxId: pod.id, config, sandboxConfig: pod.config };
      const result = daemon.client.runtime.CreateContainer(request).catch(() => {});
      await sleep(delay);
      await daemon.kill();
      await result;
      await daemon.start();
      await removePod(daemon, pod.id);
      await assertNothingLeft(daemon, nothing);
    }
  });
});
