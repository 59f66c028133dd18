import assert from "node:assert/strict";
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Mount } from "../../src/cri/messages.ts";
import type { Init } from "../../src/cri/proto.ts";
import { ARTIFACT_TYPE, type ArtifactFile, artifact } from "../images/artifact.ts";
import { buildImage } from "../images/image.ts";
import { pushImage } from "../images/push.ts";
import { startProxy } from "../registry/proxy.ts";
import { Registry } from "../registry/registry.ts";
import { ScriptedServer } from "../registry/scripted-server.ts";
import { outcome, refusal } from "../support/cri.ts";
import { eventually } from "../support/eventually.ts";
import { type LivePod, livePod } from "../support/live-pod.ts";
import { containerStatus } from "../support/pods.ts";
import { suite } from "../support/suite.ts";
import { mountsBelow } from "../support/sweep.ts";

describe("artifacts as volumes", () => {
  const parts = suite();
  let registry: Registry;
  let proxy: ScriptedServer;

  before(async () => {
    registry = await Registry.start();
    const spoilt = (path: string, body: Buffer) =>
      path.includes("/spoilt/blobs/") ? Buffer.from(body.toString().toUpperCase()) : body;
    proxy = await startProxy(registry.address, spoilt);
    const table = `\n[[registry]]\nprefix = "artifact.test"\nlocation = "${proxy.address}"\ninsecure = true\n`;
    appendFileSync(join(parts.daemon.folder, "registries.conf"), table);
  });

  after(async () => {
    await proxy?.[Symbol.asyncDispose]();
    await registry?.stop();
  });

  const push = async (name: string, ...files: ArtifactFile[]) => {
    const built = artifact({ files });
    await pushImage(registry.address, name, "1", built);
    return { name: `artifact.test/${name}:1`, digest: built.manifests[0]!.digest };
  };
  const volume = (image: string, fields: Init<Mount> = {}): Init<Mount> => ({
    containerPath: "/volume",
    image: { image },
    readonly: true,
    ...fields,
  });
  const images = () => parts.daemon.client.image;
  const statusOf = async (image: string) => (await images().ImageStatus({ image: { image } })).image;
  const listed = async () => (await images().ListImages({})).images.flatMap(({ repoTags }) => repoTags);
  const used = async () => Number((await images().ImageFsInfo({})).imageFilesystems[0]?.usedBytes?.value);
  const remove = (image: string) => images().RemoveImage({ image: { image } });
  const mountCount = () => mountsBelow(parts.daemon.folder).length;
  /** Gives a key of `[crio.image]` another value in the daemon that runs. */
  const configure = async (key: string, value: string) => {
    const { configFile, pid, folder } = parts.daemon;
    const rest = readFileSync(configFile, "utf8").replace(new RegExp(`^${key} = .*\\n`, "m"), "");
    const logFile = join(folder, "critter.log");
    const before = readFileSync(logFile, "utf8").length;
    writeFileSync(configFile, rest.replace("[crio.image]\n", `[crio.image]\n${key} = ${value}\n`));
    process.kill(pid, "SIGHUP");
    await eventually(async () =>
      assert.match(readFileSync(logFile, "utf8").slice(before), /configuration reloaded/),
    );
  };

  it("are refused by PullImage, fetched for a container, read-only, by titles and digests", async () => {
    const before = await used();
    const { name, digest } = await push(
      "files",
      { title: "config.json", content: "{}" },
      { title: "weights/part/1.bin", content: Buffer.alloc(5_000_000, "w") },
      { content: "untitled" },
    );
    await assert.rejects(
      images().PullImage({ image: { image: name } }),
      refusal(
        "FAILED_PRECONDITION",
        new RegExp(`artifact\\.test/files:1 .* artifact of type ${ARTIFACT_TYPE}`),
      ),
    );
    await using pod = await livePod(parts.daemon);
    const mounts = [volume(name), volume(name, { containerPath: "/part", imageSubPath: "weights/part" })];
    const id = await pod.run({ mounts });
    assert.equal(await pod.sh(id, "cat /volume/config.json"), "{}");
    assert.equal(await pod.sh(id, "wc -c < /part/1.bin"), "5000000");
    assert.equal(await pod.sh(id, "cat /volume/sha256-*"), "untitled");
    const modes = await pod.sh(
      id,
      "cd /volume && stat -c '%a %u:%g' . weights config.json weights/part/1.bin",
    );
    assert.deepEqual(modes.split("\n"), ["755 0:0", "755 0:0", "644 0:0", "644 0:0"]);
    assert.match(await pod.sh(id, "! touch /volume/x 2>&1; ! rm /part/1.bin 2>&1"), /Read-only/);
    const found = await statusOf(name);
    assert.deepEqual([found?.id, found?.repoTags], [digest, [name]]);
    assert.deepEqual(found?.repoDigests, [`artifact.test/files@${digest}`]);
    assert.ok(Number(found?.size) >= 5_000_000);
    const reported = (await containerStatus(parts.daemon, id)).mounts.map(({ image }) => image?.imageRef);
    assert.deepEqual(reported, [digest, digest]);

    await remove(name);
    assert.equal(await statusOf(name), null);
    await parts.daemon.kill();
    await parts.daemon.start();
    assert.equal(await pod.sh(id, "cat /volume/config.json"), "{}");
    assert.ok((await used()) > before + 5_000_000);
    await parts.daemon.client.runtime.RemoveContainer({ containerId: id });
    await eventually(async () => assert.equal(await used(), before));
  });

  it("are fetched once for two containers at once, and not again for a third, also after a restart", async () => {
    const { name } = await push("shared", { title: "a", content: "a" }, { title: "b", content: "b" });
    const blobs = () => proxy.requests.filter((request) => /\/shared\/blobs\//.test(request)).length;
    const pods = await Promise.all([livePod(parts.daemon), livePod(parts.daemon)]);
    const ids = await Promise.all(pods.map((pod) => pod.run({ mounts: [volume(name)] })));
    for (const [index, pod] of pods.entries()) assert.equal(await pod.sh(ids[index]!, "cat /volume/*"), "ab");
    assert.equal(blobs(), 2);
    await parts.daemon.stop();
    await parts.daemon.start();
    const requests = proxy.requests.length;
    await pods[0]!.create({ metadata: { name: "third" }, mounts: [volume(name)] });
    assert.equal(proxy.requests.length, requests);
    for (const pod of pods) await pod[Symbol.asyncDispose]();
    await remove(name);
  });

  it("with titles that lead elsewhere, or content that is not what it should be, leave nothing", async () => {
    const before = [await used(), mountCount(), await listed()];
    await using pod = await livePod(parts.daemon);
    const mounts = mountCount();
    const content = "x";
    const absent = "artifact.test/absent:1";
    const image = buildImage({ references: [], layers: [], config: {}, format: "oci", multiPlatform: false });
    await pushImage(registry.address, "image", "1", image);
    const refused: [string, string, RegExp][] = [
      ...(await Promise.all(
        ["../up", "/etc/passwd", "a/../../b", "", "nul\0"].map(
          async (title, index): Promise<[string, string, RegExp]> => {
            const { name } = await push(
              `hostile${index}`,
              { title: "good", content: "y" },
              { title, content },
            );
            return [
              name,
              "FAILED_PRECONDITION",
              /artifact artifact\.test\/hostile\d:1: blob sha256:\w+ has the title "/,
            ];
          },
        ),
      )),
      [
        (await push("twice", { title: "a", content }, { title: "./a", content: "y" })).name,
        "FAILED_PRECONDITION",
        /are both "a"/,
      ],
      [
        (await push("spoilt", { title: "a", content })).name,
        "DATA_LOSS",
        /layer sha256:\w+: what the registry/,
      ],
      [absent, "NOT_FOUND", /"artifact\.test\/absent:1": there is no such image, and no artifact can be/],
      ["artifact.test/image:1", "NOT_FOUND", /is an image, and not here: it must be pulled first/],
      [`sha256:${"0".repeat(64)}`, "NOT_FOUND", /there is no such image$/],
    ];
    for (const [name, code, message] of refused) {
      const request = () => pod.create({ mounts: [volume(name)] });
      await assert.rejects(request(), (error: Error) => {
        assert.match(error.message, /ImageVolumeMountFailed: config\.mounts\[0\]\.image\.image is "/);
        assert.match(error.message, message);
        return true;
      });
      assert.equal(await outcome(request()), code, name);
    }
    assert.equal(mountCount(), mounts);
    await pod[Symbol.asyncDispose]();
    await eventually(async () => assert.deepEqual([await used(), mountCount(), await listed()], before));
  });

  it("that are here cannot be run, and a sub-path must be a folder of theirs", async () => {
    const { name } = await push("wrong-use", { title: "folder/file", content: "x" });
    await using pod = await livePod(parts.daemon);
    for (const imageSubPath of ["none", "folder/file"]) {
      const mounts = [volume(name, { imageSubPath })];
      assert.equal(await outcome(pod.create({ mounts })), "INVALID_ARGUMENT");
    }
    await assert.rejects(
      pod.create({ image: { image: name } }),
      refusal(
        "FAILED_PRECONDITION",
        /config\.image\.image is ".*wrong-use:1": it is an artifact of type .*, not a/,
      ),
    );
    await remove(name);
  });

  it("are taken by PullImage with oci_artifact_mount_support, as the kubelet needs it", async () => {
    const before = await used();
    const { name, digest } = await push("kubelet", { title: "file", content: "by the kubelet" });
    await configure("oci_artifact_mount_support", "true");
    const { imageRef } = await images().PullImage({ image: { image: name } });
    assert.equal(imageRef, digest);
    assert.ok((await listed()).includes(name));
    await using pod = await livePod(parts.daemon);
    const id = await pod.run({
      mounts: [volume(imageRef, { image: { image: imageRef, userSpecifiedImage: name } })],
    });
    assert.equal(await pod.sh(id, "cat /volume/file"), "by the kubelet");
    await parts.daemon.client.runtime.RemoveContainer({ containerId: id });
    await remove(imageRef);
    assert.equal(await statusOf(name), null);
    await eventually(async () => assert.equal(await used(), before));
    await configure("oci_artifact_mount_support", "false");
    assert.equal(await outcome(images().PullImage({ image: { image: name } })), "FAILED_PRECONDITION");
  });

  it("that hang in their registry hold up neither the pod nor the daemon, and leave nothing", async () => {
    const built = artifact({ files: [{ title: "large", content: Buffer.alloc(6_000_000, "x") }] });
    let hangs = true;
    const held: (() => void)[] = [];
    await using server = await ScriptedServer.start(({ url = "" }, response) => {
      const blob = built.blobs.find(({ digest }) => url.endsWith(digest));
      const { body, mediaType } = blob ?? built.manifests[0]!;
      response.writeHead(200, { "content-type": mediaType, "content-length": body.length });
      if (!blob || !hangs) return void response.end(body);
      response.write(body.subarray(0, 1_000_000));
      held.push(() => response.end(body.subarray(1_000_000)));
    });
    const table = `\n[[registry]]\nprefix = "hang.test"\nlocation = "${server.address}"\ninsecure = true\n`;
    appendFileSync(join(parts.daemon.folder, "registries.conf"), table);
    const before = await used();
    const mounts = [volume("hang.test/artifact:1")];
    const { runtime } = parts.daemon.client;
    const asked = async (pod: LivePod, count: number) => {
      const outcomeOfIt = outcome(pod.create({ mounts }));
      await eventually(async () => assert.equal(held.length, count));
      return () => outcomeOfIt;
    };

    await using stopped = await livePod(parts.daemon);
    const creation = await asked(stopped, 1);
    await runtime.StopPodSandbox({ podSandboxId: stopped.id });
    assert.equal(await creation(), "ABORTED");
    held[0]!();

    await using pod = await livePod(parts.daemon);
    await asked(pod, 2);
    await parts.daemon.kill();
    await parts.daemon.start();
    assert.equal(await used(), before);
    const ended = await asked(pod, 3);
    await parts.daemon.stop();
    assert.equal(await ended(), "UNAVAILABLE");
    await parts.daemon.start();
    assert.equal(await used(), before);

    await configure("pull_progress_timeout", '"500ms"');
    assert.equal(await outcome(pod.create({ mounts })), "DEADLINE_EXCEEDED");
    hangs = false;
    const id = await pod.run({ mounts });
    assert.equal(await pod.sh(id, "wc -c < /volume/large"), "6000000");
    await remove("hang.test/artifact:1");
    await runtime.RemoveContainer({ containerId: id });
    await eventually(async () => assert.equal(await used(), before));
  });
});
