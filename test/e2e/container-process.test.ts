import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { ContainerConfig } from "../../src/cri/messages.ts";
import type { Init } from "../../src/cri/proto.ts";
import { HTTPD } from "../support/configs.ts";
import { outcome } from "../support/cri.ts";
import { parseLog } from "../support/cri-log.ts";
import { livePod } from "../support/live-pod.ts";
import { containerStatus } from "../support/pods.ts";
import { suite } from "../support/suite.ts";

const STAGING = "gcr.io/k8s-staging-cri-tools/test-image";
const userImages = ["uid", "username", "uid-group", "username-group"].map(
  (name) => `${STAGING}-user-${name}:latest`,
);
const PREDEFINED = `${STAGING}-predefined-group:latest`;

describe("a container's process", { concurrency: 4 }, () => {
  const parts = suite({ images: [...userImages, PREDEFINED, HTTPD] });

  /** What a container printed until its end. */
  async function output(changes: Init<ContainerConfig>): Promise<string> {
    const logDirectory = join(parts.daemon.folder, `logs-${Math.random()}`);
    await using pod = await livePod(parts.daemon, { logDirectory });
    await pod.finish({ ...changes, logPath: "log" });
    return parseLog(readFileSync(join(logDirectory, "log"), "utf8"))
      .map(({ text }) => text)
      .join("\n");
  }

  const ids = { command: ["id"] };

  it("command and args: the request's command replaces all of the image's, args replace its Cmd", async () => {
    // busybox has Cmd ["sh"] and no entrypoint.
    assert.equal(await output({ command: ["echo"], args: ["a b", "c"] }), "a b c");
    assert.equal(await output({ command: [], args: ["echo", "only args"] }), "only args");
    assert.equal(await output({ command: [] }), "", "sh with no input ends at once");
  });

  it("environment: the image's, with the request's over it", async () => {
    const envs = [
      { key: "PATH", value: Buffer.from("/usr/bin:/bin:/mine") },
      { key: "EMPTY", value: Buffer.alloc(0) },
      { key: "TEXT", value: Buffer.from("a=b 'c' \"d\"\nline") },
    ];
    const script = 'env | grep ^EMPTY; echo "$PATH|$TEXT|$HOME"';
    assert.equal(
      await output({ command: ["sh", "-c", script], envs }),
      "EMPTY=\n/usr/bin:/bin:/mine|a=b 'c' \"d\"\nline|/root",
    );
    assert.match(await output({ command: ["sh", "-c", 'echo "$PATH"'] }), /^\/usr\/local\/sbin:/);
  });

  it("working directory: the request's, made where it is missing", async () => {
    assert.equal(await output({ command: ["pwd"], workingDir: "/made/for/it" }), "/made/for/it");
    assert.equal(await output({ command: ["pwd"] }), "/");
  });

  it("user: the image's, by number or name, with group or without", async () => {
    const [uid, username, uidGroup, usernameGroup] = await Promise.all(
      userImages.map((image) => output({ ...ids, image: { image } })),
    );
    assert.match(uid!, /^uid=1002 gid=0\(root\)/);
    assert.match(username!, /^uid=33\(www-data\) gid=33\(www-data\)/);
    assert.match(uidGroup!, /^uid=1003 gid=100\(users\)/);
    assert.match(usernameGroup!, /^uid=33\(www-data\) gid=100\(users\)/);
  });

  it("user: the request's before the image's, and supplemental groups", async () => {
    const security = (securityContext: NonNullable<Init<ContainerConfig>["linux"]>["securityContext"]) =>
      output({ ...ids, linux: { securityContext } });
    assert.match(await security({ runAsUser: { value: 4000 } }), /^uid=4000 gid=0\(root\)/);
    assert.match(await security({ runAsUsername: "www-data" }), /^uid=33\(www-data\) gid=33\(www-data\)/);
    const both = { runAsUser: { value: 4000 }, runAsGroup: { value: 5000 }, supplementalGroups: [77, 78] };
    assert.equal(await security(both), "uid=4000 gid=5000 groups=77,78,5000");
  });

  it("groups of the image's /etc/group are merged in, or not, as the policy says", async () => {
    const image = { image: PREDEFINED };
    const with_ = (supplementalGroupsPolicy: "Merge" | "Strict") =>
      output({
        ...ids,
        image,
        linux: { securityContext: { supplementalGroups: [1234], supplementalGroupsPolicy } },
      });
    assert.match(await with_("Merge"), /groups=.*1234.*50000/);
    assert.doesNotMatch(await with_("Strict"), /50000/);
  });

  it("ContainerStatus tells the user that it runs as", async () => {
    await using pod = await livePod(parts.daemon);
    const id = await pod.run({
      linux: { securityContext: { runAsUser: { value: 4000 }, supplementalGroups: [9] } },
    });
    const { user } = await containerStatus(parts.daemon, id);
    assert.deepEqual({ ...user?.linux }, { uid: 4000, gid: 0, supplementalGroups: [0, 9] });
  });

  it("a user, group or working directory that cannot be is refused", async () => {
    await using pod = await livePod(parts.daemon);
    const wrong: [Init<ContainerConfig>, string][] = [
      [{ linux: { securityContext: { runAsUsername: "nobody-here" } } }, "INVALID_ARGUMENT"],
      [{ linux: { securityContext: { runAsGroup: { value: 5 } } } }, "INVALID_ARGUMENT"],
      [{ linux: { securityContext: { runAsUser: { value: -1 } } } }, "INVALID_ARGUMENT"],
      [{ metadata: { name: "", attempt: 0 } }, "INVALID_ARGUMENT"],
      [{ image: { image: "" } }, "INVALID_ARGUMENT"],
    ];
    for (const [changes, code] of wrong)
      assert.equal(await outcome(pod.create(changes)), code, JSON.stringify(changes));
    const { containers } = await parts.daemon.client.runtime.ListContainers({
      filter: { podSandboxId: pod.id },
    });
    assert.deepEqual(containers, []);
  });
});
