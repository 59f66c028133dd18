/** securityContext of pods and containers: who they run as, and what they may do. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Feature } from "../feature.ts";
import type { KubeletNode } from "../node/kubelet-node.ts";
import type { ContainerSpec, PodSpec } from "../node/kubernetes.ts";
import { FOREVER } from "../node/manifest.ts";

const STAGING = "gcr.io/k8s-staging-cri-tools";
/** Its default user 1000 is in group 50000 by its own /etc/group. */
const PREDEFINED_GROUP = `${STAGING}/test-image-predefined-group:latest`;
const USER_1002 = `${STAGING}/test-image-user-uid:latest`;
const BY_NAME = `${STAGING}/test-image-user-username:latest`;

interface Contexts {
  pod?: object;
  container?: object;
  image?: string;
  spec?: Partial<PodSpec>;
  mounts?: object[];
}

function podWith({ pod, container, image, spec, mounts }: Contexts): PodSpec {
  const main: ContainerSpec = { name: "main", command: FOREVER, securityContext: container };
  if (image) main.image = image;
  if (mounts) main.volumeMounts = mounts;
  return { ...spec, securityContext: pod, containers: [main] };
}

/** A pod with these contexts, of which a script's output is compared. */
function says(name: string, contexts: Contexts, script: string, expected: string | RegExp): Feature {
  return {
    name,
    async run({ pods }) {
      await using pod = await pods.run("context", podWith(contexts));
      await pod.untilReady();
      const text = await pod.sh("main", script);
      if (typeof expected === "string") assert.equal(text, expected);
      else assert.match(text, expected);
    },
  };
}

/** A pod whose container the kubelet does not make. */
function refused(name: string, contexts: Contexts, why: RegExp): Feature {
  return {
    name,
    async run({ pods }) {
      await using pod = await pods.run("refused", podWith(contexts));
      const { reason, message } = await pod.untilContainer("main", "refused", ({ state }) => {
        return state.waiting?.reason?.startsWith("CreateContainer") && state.waiting;
      });
      assert.equal(reason, "CreateContainerConfigError");
      assert.match(message ?? "", why);
    },
  };
}

/** A field of /proc/1/status. */
const processStatus = (field: string) => `awk '$1 == "${field}:" { print $2 }' /proc/1/status`;

const GROUPS = "for id in $(id -G); do echo $id; done | sort -n | uniq | tr '\\n' ' '";
const PLAIN = { capabilities: { drop: ["ALL"] } };

/** Every system call is allowed but for mkdir, which fails with "not a typewriter": nothing else answers so. */
const NO_MKDIR = {
  defaultAction: "SCMP_ACT_ALLOW",
  syscalls: [{ names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 25 }],
};

function writeProfile({ kubelet }: KubeletNode, name: string, profile: object): void {
  mkdirSync(join(kubelet.rootDir, "seccomp"), { recursive: true });
  writeFileSync(join(kubelet.rootDir, "seccomp", name), JSON.stringify(profile));
}

const emptyDir = { volumes: [{ name: "data", emptyDir: {} }] };
const dataMount = [{ name: "data", mountPath: "/data" }];

export const features: readonly Feature[] = [
  says(
    "runAsUser and runAsGroup, of the pod",
    { pod: { runAsUser: 1234, runAsGroup: 2345 } },
    "id -u; id -g",
    "1234\n2345",
  ),
  says(
    "the container's come before the pod's",
    { pod: { runAsUser: 1234, runAsGroup: 2345 }, container: { runAsUser: 4321 } },
    "id -u; id -g",
    "4321\n2345",
  ),
  says(
    "runAsNonRoot, with an image whose user is a number",
    { pod: { runAsNonRoot: true }, image: USER_1002 },
    "id -u",
    "1002",
  ),
  refused("runAsNonRoot refuses root", { pod: { runAsNonRoot: true } }, /runAsNonRoot.*root/),
  refused(
    "runAsNonRoot refuses an image whose user is a name",
    { pod: { runAsNonRoot: true }, image: BY_NAME },
    /non-numeric user/,
  ),
  says(
    "supplementalGroups",
    { pod: { runAsUser: 1234, runAsGroup: 2345, supplementalGroups: [3, 77] } },
    GROUPS,
    "3 77 2345 ",
  ),
  says(
    "supplementalGroupsPolicy Merge: the image's groups too",
    { image: PREDEFINED_GROUP, pod: { runAsUser: 1000, runAsGroup: 3000, supplementalGroups: [60000] } },
    GROUPS,
    "3000 50000 60000 ",
  ),
  {
    name: "supplementalGroupsPolicy Strict: the pod's groups only, and the status tells them",
    async run({ pods }) {
      const pod = {
        runAsUser: 1000,
        runAsGroup: 3000,
        supplementalGroups: [60000],
        supplementalGroupsPolicy: "Strict",
      };
      await using strict = await pods.run("strict", podWith({ image: PREDEFINED_GROUP, pod }));
      await strict.untilReady();
      assert.equal(await strict.sh("main", GROUPS), "3000 60000 ");
      const user = await strict.untilContainer("main", "with a user", (status) => status.user?.linux);
      assert.deepEqual(user, { uid: 1000, gid: 3000, supplementalGroups: [3000, 60000] });
    },
  },
  says(
    "fsGroup owns an emptyDir, and the container is in it",
    { pod: { runAsUser: 1234, runAsGroup: 2345, fsGroup: 3456 }, spec: emptyDir, mounts: dataMount },
    `stat -c %g /data; touch /data/file; stat -c %g /data/file; ${GROUPS}`,
    "3456\n3456\n2345 3456 ",
  ),
  says(
    "capabilities added",
    { container: { capabilities: { add: ["NET_ADMIN"] } } },
    "ip link set lo down && echo down",
    "down",
  ),
  says("no NET_ADMIN without", {}, "ip link set lo down 2>&1 || echo refused", /refused$/),
  says("all capabilities dropped", { container: PLAIN }, processStatus("CapBnd"), "0000000000000000"),
  says(
    "all dropped, one added",
    { container: { capabilities: { drop: ["ALL"], add: ["NET_BIND_SERVICE"] } } },
    processStatus("CapEff"),
    "0000000000000400",
  ),
  says(
    "allowPrivilegeEscalation: false",
    { container: { allowPrivilegeEscalation: false } },
    processStatus("NoNewPrivs"),
    "1",
  ),
  says("privilege escalation is allowed by default", {}, processStatus("NoNewPrivs"), "0"),
  says(
    "seccomp RuntimeDefault",
    { pod: { seccompProfile: { type: "RuntimeDefault" } } },
    processStatus("Seccomp"),
    "2",
  ),
  says("seccomp Unconfined, which is the default too", {}, processStatus("Seccomp"), "0"),
  {
    name: "seccomp Localhost: a profile of the kubelet's folder",
    async run(node) {
      writeProfile(node, "no-mkdir.json", NO_MKDIR);
      const pod = { seccompProfile: { type: "Localhost", localhostProfile: "no-mkdir.json" } };
      await using confined = await node.pods.run("seccomp", podWith({ pod }));
      await confined.untilReady();
      assert.match(await confined.sh("main", "mkdir /tmp/folder 2>&1 || true"), /Inappropriate ioctl/);
      assert.equal(await confined.sh("main", "touch /tmp/file && echo made"), "made");
    },
  },
  says(
    "readOnlyRootFilesystem; volumes can be written",
    { container: { readOnlyRootFilesystem: true }, spec: emptyDir, mounts: dataMount },
    "touch /file 2>&1 || true; touch /data/file && echo written",
    /Read-only file system\nwritten$/,
  ),
  says(
    "paths of /proc are masked",
    {},
    "wc -c < /proc/keys; touch /proc/sys/kernel/domainname 2>&1 || true",
    /^0\n.*Read-only/,
  ),
  says(
    "privileged: every device, and nothing masked",
    { container: { privileged: true } },
    `ls /dev/loop-control /dev/kmsg; mkdir /m && mount -t tmpfs none /m && echo mounted; ${processStatus("Seccomp")}`,
    /^\/dev\/kmsg\n\/dev\/loop-control\nmounted\n0$/,
  ),
  says("devices are few without", {}, "ls /dev | sort | tr '\\n' ' '", /^(?!.*loop-control).*null.*zero/),
];
